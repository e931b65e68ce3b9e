/**
 * For the Node clients of the checks, by NODE_OPTIONS: names below localhost are loopback (RFC 6761 §6.3). Browsers and curl know that
 * by themselves; Node asks the system, and not every system knows.
 */
const dns = require('node:dns')

const { lookup } = dns
dns.lookup = (host, options, done) => lookup(/(^|\.)localhost$/.test(host) ? '127.0.0.1' : host, options, done)
