/**
 * The little that pages do by themselves: passkeys, which no page can do without a script, and small favours. Everything else works
 * with scripts off. All words come from the page's data attributes.
 */
;(() => {
  const all = (selector, work) => document.querySelectorAll(selector).forEach(work)
  const toBytes = text => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), c => c.charCodeAt(0))
  const toText = bytes =>
    btoa(String.fromCharCode(...new Uint8Array(bytes)))
      .replace(/\+/g, '-')
      .replace(/\//g, '_')
      .replace(/=+$/, '')

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
      if (answer.error?.challengeUrl) location.assign(answer.error.challengeUrl)
      throw Object.assign(new Error(answer.error?.message), { isTold: true, code: answer.error?.code })
    }
    return answer
  }

  const descriptors = list => list?.map(one => ({ ...one, id: toBytes(one.id) }))

  function creation(options) {
    return {
      ...options,
      challenge: toBytes(options.challenge),
      user: { ...options.user, id: toBytes(options.user.id) },
      excludeCredentials: descriptors(options.excludeCredentials)
    }
  }

  function request(options) {
    return {
      ...options,
      challenge: toBytes(options.challenge),
      allowCredentials: descriptors(options.allowCredentials)
    }
  }

  function toJson(credential) {
    const { response } = credential
    const parts = {}
    for (const name of ['clientDataJSON', 'attestationObject', 'authenticatorData', 'signature', 'userHandle'])
      if (response[name]) parts[name] = toText(response[name])
    if (response.getTransports) parts.transports = response.getTransports()
    if (response.getAuthenticatorData) parts.authenticatorData = toText(response.getAuthenticatorData())
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
    const { options: optionsUrl, verify, csrf, passkey, nameField } = box.dataset
    const { ceremony, options } = await post(optionsUrl, { csrf })
    const credential =
      passkey === 'enrol'
        ? await navigator.credentials.create({ publicKey: creation(options), ...extra })
        : await navigator.credentials.get({ publicKey: request(options), ...extra })
    const name = nameField ? document.getElementById(nameField).value : undefined
    const { redirect } = await post(verify, { csrf, ceremony, name, response: toJson(credential) })
    location.assign(redirect)
  }

  function sentenceFor(error, said) {
    if (error.isTold) return error.message || said.failed
    if (error.name === 'NotAllowedError' || error.name === 'AbortError') return said.cancelled
    if (error.name === 'InvalidStateError') return said.known
    if (error.name === 'NotSupportedError') return said.unsupported
    return error instanceof TypeError ? said.offline : said.failed
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
      if (box.dataset.passkey === 'login') all('[data-passkey-only]', one => one.remove())
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
        // Signed in or out in another tab meanwhile: the page is of yesterday, so it is asked for anew.
        if (error.code === 'form_expired') return location.reload()
        button.disabled = false
        tell(box, sentenceFor(error, box.dataset))
        button.focus()
      }
    })
    if (box.dataset.autofill !== undefined) offerInField(box)
  })

  // The browser lists passkeys among the suggestions of the name field, and waits in silence until one is picked. A challenge
  // lasts five minutes, a page may stay open for longer: so it is drawn anew before.
  async function offerInField(box) {
    if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return
    autofill = new AbortController()
    const { signal } = autofill
    const renewal = setTimeout(() => autofill.abort('renewal'), 4 * 60_000)
    try {
      await ceremony(box, { mediation: 'conditional', signal })
    } catch (error) {
      if (signal.reason === 'renewal') offerInField(box)
      else if (error.isTold) tell(box, sentenceFor(error, box.dataset))
    }
    clearTimeout(renewal)
  }

  all('[data-passkey-form]', form => {
    form.addEventListener('submit', event => {
      event.preventDefault()
      form.querySelector('[data-passkey] button').click()
    })
  })

  // --- Favours --------------------------------------------------------------------------------------------------------

  // A code goes off by itself once it is whole, in whatever script and with whatever between its digits; a wrong one is not sent twice.
  // What counts as a digit is written down in src/factor/typed-code.ts.
  const aside = /[\s\p{Z}\p{Cf}\p{DI}\p{M}\p{Dash}\u30fc\u2043\u02d7\u2500\u3161\u2800]/gu
  all('[data-digits]', field => {
    let sent = ''
    field.addEventListener('input', () => {
      const digits = field.value.normalize('NFKD').replace(aside, '')
      if (digits === sent || !/^\p{Nd}+$/u.test(digits) || [...digits].length !== Number(field.dataset.digits)) return
      sent = digits
      field.form.requestSubmit()
    })
  })

  // Chromium holds our policy for forms against every redirect that follows one. An app whose first answer leads to a third site (a
  // sign-in of its own) is stopped by that; the proof stands by then, so a plain navigation goes the same way unhindered.
  document.addEventListener('securitypolicyviolation', event => {
    if (event.effectiveDirective === 'form-action') location.assign(`/.factorgate/challenge${location.search}`)
  })

  // Two clicks are one.
  all('form[method=post]', form => {
    form.addEventListener('submit', event => {
      if (form.dataset.sent) return event.preventDefault()
      form.dataset.sent = 'yes'
      setTimeout(() => delete form.dataset.sent, 3000)
    })
  })

  all('[data-wait]', notice => {
    setTimeout(() => {
      notice.textContent = notice.dataset.ready
    }, notice.dataset.wait * 1000)
  })

  all('[data-print]', button => button.addEventListener('click', () => print()))

  all('[data-copy]', button => {
    const label = button.textContent
    button.addEventListener('click', async () => {
      await navigator.clipboard.writeText(button.dataset.copy)
      button.textContent = button.dataset.copied
      setTimeout(() => {
        button.textContent = label
      }, 2000)
    })
  })
})()
