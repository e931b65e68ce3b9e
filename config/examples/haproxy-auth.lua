-- Asks the gate about each request, and obeys: for HAProxy, which has no forward-auth of its own (haproxy.cfg, beside this file).
local function first(headers, name)
  local values = headers[name]
  return values and (values[0] or values[1])
end

local function answer(txn, status, headers, body)
  local reply = txn:reply({ status = status })
  for name, values in pairs(headers) do
    if name ~= 'content-length' and name ~= 'connection' and name ~= 'keep-alive' and name ~= 'transfer-encoding' then
      for _, value in pairs(values) do reply:add_header(name, value) end
    end
  end
  reply:set_body(body or '')
  txn:done(reply)
end

core.register_action('factorgate', { 'http-req' }, function(txn, gate, secret)
  local request = txn.http:req_get_headers()
  local asked = {}
  for name, values in pairs(request) do
    local list = {}
    for _, value in pairs(values) do list[#list + 1] = value end
    asked[name] = list
  end
  -- These belong to the connection or to the body, which stays here.
  for _, name in ipairs({ 'connection', 'keep-alive', 'upgrade', 'te', 'expect', 'content-length', 'transfer-encoding', 'x-original-url',
    'x-original-method' }) do
    asked[name] = nil
  end
  local host = first(request, 'host') or ''
  asked['host'] = { host }
  asked['x-forwarded-for'] = { txn.sf:src() }
  asked['x-forwarded-host'] = { host }
  asked['x-forwarded-uri'] = { txn.sf:pathq() }
  asked['x-forwarded-method'] = { txn.sf:method() }
  asked['factorgate-secret'] = { secret }

  local said = core.httpclient():get({ url = gate .. '/.factorgate/auth', headers = asked, timeout = 5000 })
  if said == nil or said.status == nil or said.status == 0 then
    return answer(txn, 503, { ['retry-after'] = { '2' } }, 'The gate does not answer.\n')
  end
  if said.status ~= 200 then return answer(txn, said.status, said.headers, said.body) end
  -- What the gate lists is put in as it says, and taken out where it says nothing: its own cookies, and what a client claims.
  for name in (first(said.headers, 'factorgate-copy') or ''):gmatch('[^, ]+') do
    txn.http:req_del_header(name)
    local value = first(said.headers, name)
    if value ~= nil and value ~= '' then txn.http:req_set_header(name, value) end
  end
end, 2)
