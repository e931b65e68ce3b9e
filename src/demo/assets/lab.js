// The three live things of the lab: the trace (EventSource), the console (WebSocket), the deposit (a streamed PUT).
const byId = id => document.getElementById(id)

function trace(svg) {
  const kept = []
  const live = byId('live')
  const source = new EventSource('trace')
  const say = (text, isOn) => {
    if (live.textContent !== text) live.textContent = text
    live.classList.toggle('on', isOn)
  }
  source.onerror = () => say('Reconnecting', false)
  // Every message is a list: first the minute before we came, then one reading at a time.
  source.onmessage = event => {
    const readings = JSON.parse(event.data)
    const reading = readings.at(-1)
    say('Live', true)
    for (const name of ['pressureBar', 'columnCelsius', 'secondsLeft']) byId(name).textContent = reading[name]
    byId('counts').textContent = reading.counts.toExponential(2)
    if (readings.length > 1) kept.length = 0
    kept.push(...readings)
    kept.splice(0, kept.length - 300)
    const top = Math.max(1e6, ...kept.map(each => each.counts)) * 1.08
    const points = kept.map(
      (each, i) => `${(600 - (kept.length - 1 - i) * 2).toFixed(0)} ${(180 - (each.counts / top) * 170).toFixed(1)}`
    )
    svg.querySelector('.line').setAttribute('d', `M${points.join('L')}`)
    svg.querySelector('.area').setAttribute('d', `M${600 - (kept.length - 1) * 2} 180L${points.join('L')}L600 180Z`)
  }
}

function consoleOf(form) {
  const output = byId('output')
  const line = byId('line')
  const write = (text, kind) => {
    const row = document.createElement('pre')
    row.className = kind
    row.textContent = text
    output.append(row)
    output.scrollTop = output.scrollHeight
  }
  const url = new URL('console', location.href)
  url.protocol = url.protocol.replace('http', 'ws')
  let socket
  const connect = () => {
    socket = new WebSocket(url, 'orbit-console')
    socket.onmessage = event => write(event.data, 'said')
    socket.onclose = event => write(`The connection ended (${event.code}). Send a line to connect again.`, 'over')
  }
  connect()
  form.addEventListener('submit', event => {
    event.preventDefault()
    const text = line.value
    line.value = ''
    if (text.trim() === '') return
    write(text, 'asked')
    if (socket.readyState === WebSocket.OPEN) socket.send(text)
    else {
      connect()
      socket.addEventListener('open', () => socket.send(text))
    }
  })
}

function deposit(form) {
  form.addEventListener('submit', event => {
    event.preventDefault()
    const [file] = byId('file').files
    const progress = byId('progress')
    const request = new XMLHttpRequest()
    progress.hidden = false
    request.upload.onprogress = step => {
      progress.value = step.total ? step.loaded / step.total : 1
    }
    request.onloadend = () => {
      progress.hidden = true
      let text = 'That did not arrive. Try again.'
      if (request.status === 201) {
        const receipt = JSON.parse(request.responseText)
        text = `${file.name}: ${receipt.bytes.toLocaleString()} bytes, SHA-256 ${receipt.sha256}`
      }
      byId('receipt').textContent = text
    }
    request.open('PUT', `deposit/${encodeURIComponent(file.name)}`)
    request.send(file)
  })
}

if (byId('trace')) trace(byId('trace'))
if (byId('console')) consoleOf(byId('console'))
if (byId('deposit')) deposit(byId('deposit'))
