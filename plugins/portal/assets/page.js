/** The script of the pages: passkeys, which need one, and small aids. Everything else works without scripts. All texts come from the page's data attributes. */
;(() => {
  const all = (selector, work) => document.querySelectorAll(selector).forEach(work)
  const toBytes = text => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), c => c.charCodeAt(0))
  const toText = bytes =>
    btoa(String.fromCharCode(...new Uint8Array(bytes)))
      .replace(/\+/g, '-')
      .replace(/\//g, '_')
      .replace(/=+$/, '')

  // --- Next address --------------------------------------------------------------------------------------------------

  // Browsers keep the fragment of a link over redirects to this page. Forms, links and ceremonies take it along, at the end of their
  // address.
  const { hash } = location
  const withHash = url => (url.includes('#') ? url : url + hash)
  const go = url => location.assign(withHash(url))
  if (hash) all('a[href^="/"][href*="rd="],a[data-on]', link => (link.href = withHash(link.href)))

  // That a form came too late is said once, and not after a reload, on the way back or from a bookmark.
  if (/.undone=.{43}$/.test(location)) history.replaceState('', '', location.href.slice(0, -51))

  // --- Passkeys -------------------------------------------------------------------------------------------------------

  const canUsePasskeys = typeof PublicKeyCredential === 'function' && navigator.credentials !== undefined
  let autofill

  async function post(url, body) {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify(body)
    })
    const answer = await response.json()
    if (!response.ok) {
      if (answer.error?.challengeUrl) go(answer.error.challengeUrl)
      const wait = response.headers.get('retry-after')
      throw Object.assign(new Error(answer.error?.message), { isTold: true, wait, ...answer.error })
    }
    return answer
  }

  // Tells the browser which of its passkeys exist. Older browsers cannot be told.
  const signal = (what, about) => PublicKeyCredential[`signal${what}`]?.(about).catch(() => {})

  if (canUsePasskeys)
    all('[data-passkeys]', ({ dataset }) => {
      const about = JSON.parse(dataset.passkeys)
      signal('AllAcceptedCredentials', about)
      signal('CurrentUserDetails', about)
    })

  const descriptors = list => list?.map(one => ({ ...one, id: toBytes(one.id) }))

  // Absent members of an option stay undefined.
  const withBytes = ({ challenge, user, excludeCredentials, allowCredentials, ...options }) => ({
    ...options,
    challenge: toBytes(challenge),
    user: user && { ...user, id: toBytes(user.id) },
    excludeCredentials: descriptors(excludeCredentials),
    allowCredentials: descriptors(allowCredentials)
  })

  function toJson(credential) {
    const { response } = credential
    const parts = {}
    for (const name in response) if (response[name] instanceof ArrayBuffer) parts[name] = toText(response[name])
    parts.transports = response.getTransports?.()
    return {
      id: credential.id,
      rawId: toText(credential.rawId),
      type: credential.type,
      authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
      clientExtensionResults: credential.getClientExtensionResults(),
      response: parts
    }
  }

  async function ceremony(box, extra) {
    const { query, csrf, passkey, nameField } = box.dataset
    const at = end => `/.factorgate/webauthn/${end}${query}`
    const { ceremony, options } = await post(at('options'), { csrf })
    const credential = await navigator.credentials[passkey === 'enrol' ? 'create' : 'get']({
      publicKey: withBytes(options),
      ...extra
    })
    const name = nameField ? document.getElementById(nameField).value : undefined
    const { redirect } = await post(at('verify'), { csrf, ceremony, name, response: toJson(credential) }).catch(
      error => {
        if (error.isUnknown)
          signal('UnknownCredential', { rpId: options.rpId ?? options.rp.id, credentialId: credential.id })
        throw error
      }
    )
    go(redirect)
  }

  function sentenceFor(error, said) {
    const which = {
      NotAllowedError: 'cancelled',
      AbortError: 'cancelled',
      InvalidStateError: 'known',
      NotSupportedError: 'unsupported',
      TypeError: 'offline'
    }
    // For an untrusted certificate, Chromium refuses with the name of a person's refusal.
    const isUntrusted = /TLS/.test(error.message)
    return (error.isTold ? error.message : said[which[isUntrusted || error.name]]) || said.failed
  }

  function tell(box, text) {
    const status = box.querySelector('[role=status]')
    status.hidden = text === ''
    status.textContent = text
  }

  all('[data-passkey]', box => {
    const button = box.querySelector('button')
    if (!canUsePasskeys) {
      button.hidden = true
      all('[data-passkey-only]', one => one.remove())
      tell(box, box.dataset.unsupported)
      return
    }
    button.addEventListener('click', async () => {
      autofill?.abort()
      button.disabled = true
      tell(box, box.dataset.working)
      try {
        await ceremony(box)
      } catch (error) {
        // Another tab has signed in or out meanwhile.
        if (error.code === 'form_expired') return location.reload()
        // The page sets a lost cookie anew. If it is lost again, the page says that cookies are off.
        const page = new URL(location)
        if (error.code === 'cookies_off' && !page.searchParams.has('retry')) {
          page.searchParams.set('retry', '1')
          return location.replace(page)
        }
        button.disabled = false
        tell(box, sentenceFor(error, box.dataset))
        if (error.wait) waitOut(box.querySelector('[role=status]'), error.wait, box.dataset.ready, [button])
        else button.focus()
      }
    })
    if (box.dataset.autofill !== undefined) offerInField(box)
  })

  // The browser lists passkeys among the suggestions of the name field, and waits until one is picked. The page replaces its challenge
  // before the five minutes of it are over.
  async function offerInField(box) {
    if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return
    autofill = new AbortController()
    const { signal } = autofill
    const renewal = setTimeout(() => autofill.abort('renewal'), 4 * 60_000)
    try {
      await ceremony(box, { mediation: 'conditional', signal })
    } catch (error) {
      if (signal.reason === 'renewal') offerInField(box)
      // Nobody has pressed anything, so a page that is too old needs no message.
      else if (error.isTold && !/^(form_expired|cookies_off)$/.test(error.code))
        tell(box, sentenceFor(error, box.dataset))
    }
    clearTimeout(renewal)
  }

  all('[data-passkey-form]', form => {
    form.addEventListener('submit', event => {
      event.preventDefault()
      form.querySelector('[data-passkey] button').click()
    })
  })

  // --- Aids -----------------------------------------------------------------------------------------------------------

  // A code is sent once it is complete, in any script and with any punctuation. A wrong one is not sent twice. src/factor/typed-code.ts
  // says what counts as a digit.
  const aside =
    /[\s\x85\p{Z}\p{Cf}\p{DI}\p{M}\p{Dash}\u30fc\u2027\u2043\u02d7\u2052\u2796\u2e43\u2500\u2501\u2504\u2505\u2508\u2509\u254c\u254d\u3161\u2800]/gu
  all('[data-digits]', field => {
    const { digits: size, sends } = field.dataset
    let sent = ''
    field.oninput = () => {
      const digits = field.value.normalize('NFKD').replace(aside, '')
      // A gap in the middle, unless somebody corrects something before it.
      if (/^\d+$/.test(digits) && field.selectionEnd === field.value.length)
        field.value = digits.replace(RegExp(`^.{${size >> 1}}(?=.)`), '$& ')
      if (sends === undefined || digits === sent) return
      if (!/^\p{Nd}+$/u.test(digits) || [...digits].length !== Number(size)) return
      sent = digits
      field.form.requestSubmit()
    }
  })

  // A password can be shown, Caps Lock is told, and a new password says when it is long enough.
  all('[data-aid]', field => {
    const [show, capsLock, short, enough] = field.dataset.aid.split('|')
    field.insertAdjacentHTML(
      'afterend',
      '<p class="soft aid"><span role="status"></span><button type="button" class="plain">'
    )
    const [said, button] = field.nextSibling.children
    let timer
    let isCaps
    const turn = isShown => {
      field.type = isShown ? 'text' : 'password'
      button.ariaPressed = isShown
    }
    button.textContent = show
    button.ariaPressed = false
    button.onclick = () => turn(field.type === 'password')
    // Browsers remember what is typed in other fields.
    field.form.addEventListener('submit', () => turn(false))
    for (const kind of ['input', 'keyup'])
      field.addEventListener(kind, event => {
        isCaps = event.getModifierState?.('CapsLock') ?? isCaps
        // Screen readers hear it once a person pauses.
        clearTimeout(timer)
        timer = setTimeout(() => {
          const { length } = [...field.value.normalize()]
          const growth = !short || !length ? '' : length < field.minLength ? short.replace('#', length) : enough
          said.textContent = isCaps ? capsLock : growth
        }, 300)
      })
  })

  // Chromium applies the policy for forms to redirects too, which stops an app whose first answer leads to a third site. The proof stands
  // by then, so a plain navigation leads to the same place.
  addEventListener('securitypolicyviolation', event => {
    if (event.effectiveDirective === 'form-action') go(`/.factorgate/challenge${location.search}`)
  })

  // Two clicks count as one until the browser leaves the page. After Escape, and when the page comes back from the history, the form can be
  // sent again.
  const mark = (form, isHeld) => {
    for (const button of form.querySelectorAll('button')) button.ariaDisabled = isHeld || null
  }
  const free = () => {
    all('form[data-sent]', form => {
      delete form.dataset.sent
      mark(form, false)
    })
    all('[data-passkey] button', button => (button.disabled = false))
  }
  addEventListener('pageshow', event => event.persisted && free())
  addEventListener('keydown', event => event.key === 'Escape' && free())
  all('form[method=post]', form => {
    form.addEventListener('submit', event => {
      if (form.dataset.sent || form.querySelector('[data-waits]')) return event.preventDefault()
      form.dataset.sent = 1
      form.action = withHash(form.action)
      mark(form, true)
    })
  })

  // Another site's window above this page may go between the two clicks of a double click. For a second, no click presses the button of a
  // form without an empty field to fill in (THREATS R24). Keys and screen readers press at once.
  const isHeld = form =>
    form?.method === 'post' && ![...form.elements].some(field => field.required && !field.defaultValue)
  let settling
  const hold = () => {
    clearTimeout(settling)
    all('form:not([data-sent])', form => isHeld(form) && mark(form, true))
    settling = setTimeout(() => {
      settling = 0
      all('form:not([data-sent])', form => mark(form, false))
    }, 1000)
  }
  addEventListener('focus', hold)
  document.addEventListener('visibilitychange', hold)
  const ifHeld = event =>
    settling && event.detail && isHeld(event.target.closest('button')?.form) && event.preventDefault()
  addEventListener('click', ifHeld, true)
  const [arrival] = performance.getEntriesByType('navigation')
  if (arrival?.type === 'back_forward' || !document.referrer.startsWith(`${location.origin}/`)) hold()

  // The words are in the page's language, as the gate has written them.
  const { lang } = document.documentElement
  const span = (n, unit) =>
    new Intl.NumberFormat(`${lang}-u-nu-latn`, { style: 'unit', unit, unitDisplay: 'long' }).format(n)
  const spanOf = seconds => (seconds < 100 ? span(seconds, 'second') : span(Math.ceil(seconds / 60), 'minute'))

  // The form goes by itself, unless the person has come back to it.
  if (arrival?.type !== 'back_forward') all('form[data-send]', form => form.requestSubmit())

  // Counts down; the form is not sent before the end. Screen readers hear the first words and the end, and no second between them.
  function waitOut(notice, wait, ready, buttons) {
    const until = Date.now() + wait * 1000
    let shown = wait
    const hold = isHeld => {
      for (const button of buttons) button.disabled = isHeld
    }
    hold(true)
    notice.dataset.waits = 1
    const timer = setInterval(() => {
      const left = Math.ceil((until - Date.now()) / 1000)
      if (left > 0) {
        notice.ariaLive = 'off'
        notice.textContent = notice.textContent.replace(spanOf(shown), spanOf(left))
        shown = left
        return
      }
      clearInterval(timer)
      delete notice.dataset.waits
      notice.ariaLive = null
      notice.textContent = ready
      hold(false)
    }, 1000)
  }
  all('[data-wait]', notice => {
    const { wait, ready } = notice.dataset
    waitOut(notice, wait, ready, notice.closest('form')?.querySelectorAll('button:not([type])') ?? [])
  })

  // "/" leads to the filter of a long list of apps, and Enter opens the first app that is left.
  const folded = text => text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
  all('[data-find]', field => {
    const entries = [...document.querySelectorAll('.apps > li')]
    const isSeen = entry => !entry.hidden
    field.oninput = () => {
      for (const entry of entries) entry.hidden = !folded(entry.textContent).includes(folded(field.value.trim()))
      all('[data-apps]', section => (section.hidden = !section.querySelector('li:not([hidden])')))
      field.nextElementSibling.hidden = entries.some(isSeen)
    }
    field.onkeydown = ({ key }) => {
      if (key === 'Enter' && field.value) entries.find(isSeen)?.querySelector('a').click()
    }
    addEventListener('keydown', event => {
      if (event.key !== '/' || event.target.matches('input')) return
      event.preventDefault()
      field.focus()
    })
  })

  // Apps may load the file about the session's end too. A page that is left before the file has come is no error.
  const load = name => import(`/.factorgate/assets/${name}.js`).catch(() => {})
  all('.who', () => load('session'))
  all('[data-look]', () => load('look'))

  all('[data-print]', button => (button.onclick = () => print()))

  all('[data-copy]', button => {
    const label = button.textContent
    // Screen readers hear that it is copied.
    button.ariaLive = 'polite'
    button.onclick = async () => {
      // The text beside the button, or the content of the link beside it.
      const { href, textContent } = button.parentNode.querySelector('[download],.secret')
      await navigator.clipboard.writeText(
        href ? decodeURIComponent(href.slice(href.indexOf(',') + 1)) : textContent.replace(/ /g, '')
      )
      button.textContent = button.dataset.copied
      setTimeout(() => {
        button.textContent = label
      }, 2000)
    }
  })
})()
