/** The pages of the sample lab. Links are relative, so that it works below any path. */
import { html, type Markup } from './markup.ts'
import type { Sample, Status } from './samples.ts'
import { readable, type Visitor } from './visitor.ts'

interface Place {
  readonly title: string
  /** Folders from the lab's root to the page. */
  readonly depth: number
  readonly here: 'samples' | 'instrument' | 'deposit' | 'admin' | 'you' | null
  readonly visitor: Visitor | null
}

const mark = html`<svg viewBox="0 0 32 32" aria-hidden="true"><path d="M2 26h6c3 0 3-16 6-16s3 16 5 16 2-8 4-8 2 8 4 8h3"/></svg>`

const words: Readonly<Record<Status, string>> = {
  received: 'Received',
  queued: 'Queued',
  running: 'Running',
  measured: 'Measured',
  failed: 'Failed'
}

function status(of: Status): Markup {
  return html`<span class="status ${of}">${words[of]}</span>`
}

function initials(name: string): string {
  return name
    .split(/\s+/)
    .slice(0, 2)
    .map(word => [...word][0] ?? '')
    .join('')
    .toUpperCase()
}

function who(visitor: Visitor | null, up: string): Markup {
  if (visitor === null)
    return html`<a class="who stranger" href="${up}you"><span class="face">?</span><span>Nobody vouches for you</span></a>`
  return html`<a class="who" href="${up}you" title="What the gate tells this app about you">
<span class="face" aria-hidden="true">${initials(visitor.name)}</span>
<span><b>${visitor.name}</b><small>${visitor.groups.join(', ') || visitor.user}</small></span></a>`
}

function layout(place: Place, body: Markup): string {
  const up = '../'.repeat(place.depth) || './'
  const link = (to: string, name: Place['here'], label: string) =>
    html`<a href="${up}${to}"${place.here === name ? html` aria-current="page"` : ''}>${label}</a>`
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${place.title} · Aldermoor</title>
<link rel="icon" href="${up}static/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="${up}static/lab.css">
<script src="${up}static/lab.js" defer></script>
</head>
<body>
<a class="skip" href="#main">To the content</a>
<header>
<a class="brand" href="${up}">${mark}<span>Aldermoor <i>Mass Spectrometry</i></span></a>
<nav aria-label="Lab">
${link('', 'samples', 'Samples')}
${link('instruments/orbit-2/', 'instrument', 'Orbit-2')}
${link('deposit', 'deposit', 'Deposit')}
${link('admin/', 'admin', 'Calibration')}
</nav>
${who(place.visitor, up)}
</header>
<main id="main">
${body}
</main>
<footer>A made-up lab, for trying the gate in front of it. Nothing here is kept.${place.visitor !== null && html` <a href="/.factorgate/">Back to your apps at the gate</a>`}</footer>
</body>
</html>
`.text
}

export function samplesPage(visitor: Visitor | null, found: readonly Sample[], query: string, total: number): string {
  const place: Place = { title: 'Samples', depth: 0, here: 'samples', visitor }
  return layout(
    place,
    html`<div class="heading"><div><h1>Samples</h1><p>${found.length === total ? `${total} in the freezers, spring campaign` : `${found.length} of ${total}`}</p></div>
<form class="find" role="search"><label for="q">Find</label><input id="q" name="q" type="search" value="${query}" placeholder="plasma, Okafor, AM-26-…" autocomplete="off"></form></div>
${
  found.length === 0
    ? html`<p class="empty">No sample fits “${query}”. <a href="./">Show all</a></p>`
    : html`<table class="samples"><thead><tr><th scope="col">Sample</th><th scope="col">Project</th><th scope="col">Matrix</th><th scope="col">Owner</th><th scope="col">Place</th><th scope="col">Status</th></tr></thead><tbody>
${found.map(
  each => html`<tr><th scope="row"><a href="samples/${each.id}"><code>${each.id}</code> ${each.name}</a></th><td data-is="Project">${each.project}</td><td data-is="Matrix">${each.matrix}</td><td data-is="Owner">${each.owner}</td><td data-is="Place">${each.place}</td><td>${status(each.status)}</td></tr>
`
)}</tbody></table>`
}`
  )
}

export function samplePage(visitor: Visitor | null, of: Sample, rawBytes: number): string {
  const files =
    of.status === 'measured'
      ? html`<ul class="files">
<li><a href="${of.id}/chromatogram.csv" download>chromatogram.csv</a><small>about 36 kB, text</small></li>
<li><a href="${of.id}/run.raw" download>run.raw</a><small>${rawBytes / 1024 / 1024} MiB, can be resumed</small></li></ul>`
      : html`<p class="empty">No run yet, so no files.</p>`
  return layout(
    { title: of.id, depth: 1, here: 'samples', visitor },
    html`<p class="crumb"><a href="../">Samples</a></p>
<div class="heading"><div><p class="id"><code>${of.id}</code> ${status(of.status)}</p><h1>${of.name}</h1></div></div>
<div class="columns"><section><h2>What it is</h2><dl>
<dt>Project</dt><dd>${of.project}</dd><dt>Matrix</dt><dd>${of.matrix}</dd><dt>Owner</dt><dd>${of.owner}</dd><dt>Place</dt><dd>${of.place}</dd><dt>Received</dt><dd>${of.received}</dd></dl>
<h2>Files</h2>${files}</section>
<section><h2>What happened to it</h2><ol class="story">${of.story.map(step => html`<li><time>${step.day}</time> ${step.what} <small>${step.who}</small></li>`)}</ol></section></div>`
  )
}

export function instrumentPage(visitor: Visitor | null): string {
  return layout(
    { title: 'Orbit-2', depth: 2, here: 'instrument', visitor },
    html`<div class="heading"><div><h1>Orbit-2</h1><p>Ion trap behind a C18 column, live</p></div><span class="live" id="live" role="status">Connecting</span></div>
<figure><svg id="trace" viewBox="0 0 600 180" preserveAspectRatio="none" role="img" aria-label="Total ion current over the last minute"><path class="area" d=""/><path class="line" d=""/></svg>
<figcaption>Total ion current, last minute</figcaption></figure>
<dl class="gauges"><div><dt>Counts</dt><dd id="counts">–</dd></div><div><dt>Pressure</dt><dd><span id="pressureBar">–</span> bar</dd></div><div><dt>Column</dt><dd><span id="columnCelsius">–</span> °C</dd></div><div><dt>Run ends in</dt><dd><span id="secondsLeft">–</span> s</dd></div></dl>
<section class="console"><h2>Console</h2><div id="output" role="log" aria-label="Answers" tabindex="0"></div>
<form id="console"><label for="line">›</label><input id="line" autocomplete="off" spellcheck="false" autocapitalize="off" aria-label="Command" placeholder="help"><button>Send</button></form></section>`
  )
}

export function depositPage(visitor: Visitor | null): string {
  return layout(
    { title: 'Deposit', depth: 0, here: 'deposit', visitor },
    html`<h1>Deposit a raw file</h1><p class="lead">Of any size. The lab counts it, hashes it and forgets it.</p>
<form id="deposit" class="drop"><input id="file" type="file" required aria-label="File"><button>Send</button><progress id="progress" max="1" value="0" hidden></progress></form>
<p id="receipt" role="status"></p>
<p class="hint">Or from a terminal: <code>curl -T run.raw --cookie … ${'<this page>'}/run.raw</code></p>`
  )
}

export function adminPage(visitor: Visitor | null, log: readonly { at: string; who: string; what: string }[]): string {
  return layout(
    { title: 'Calibration', depth: 1, here: 'admin', visitor },
    html`<h1>Calibration</h1><p class="lead">Touching the reference changes everybody’s results, so the gate asks for a fresh second factor here.</p>
<form method="post" action="calibrate"><button>Calibrate against caffeine</button></form>
<h2>Log</h2>${log.length === 0 ? html`<p class="empty">Nobody has calibrated since the lab started.</p>` : html`<ol class="story">${log.map(each => html`<li><time>${each.at}</time> ${each.what} <small>${each.who}</small></li>`)}</ol>`}`
  )
}

export function youPage(visitor: Visitor | null, rawHeaders: readonly string[]): string {
  const rows = []
  for (let i = 0; i < rawHeaders.length; i += 2) rows.push([rawHeaders[i]!, readable(rawHeaders[i + 1]!)] as const)
  return layout(
    { title: 'You', depth: 0, here: 'you', visitor },
    html`<h1>${visitor === null ? 'Nobody vouches for you' : `You are ${visitor.name}`}</h1>
<p class="lead">${
      visitor === null
        ? 'This request carries no identity. Either you came around the gate, or this page is public.'
        : 'The lab has no login of its own. It believes the gate, which sends these headers with each of your requests.'
    }</p>
${
  visitor !== null &&
  html`<dl><dt>Sign-in name</dt><dd>${visitor.user}</dd><dt>E-mail</dt><dd>${visitor.email ?? 'not told'}</dd><dt>Groups</dt><dd>${visitor.groups.join(', ') || 'none'}</dd></dl>
<p><a class="button" href="/.factorgate/account">Your factors and sessions</a></p>`
}
<h2>All the headers of this request</h2>
<table class="headers"><tbody>${rows.map(([name, value]) => html`<tr><th scope="row"><code>${name}</code></th><td><code>${value}</code></td></tr>`)}</tbody></table>`
  )
}

export function lostPage(visitor: Visitor | null, depth: number): string {
  return layout(
    { title: 'Not here', depth, here: null, visitor },
    html`<h1>There is no such page</h1><p class="lead">The sample may have been renamed. <a href="${'../'.repeat(depth) || './'}">All samples</a></p>`
  )
}
