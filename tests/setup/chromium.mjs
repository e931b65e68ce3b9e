/** The path and the arguments of the tests' Chromium. */
import { existsSync } from 'node:fs'

/** The same engine without windows needs half the processor time, so it comes first where it is installed. */
const places = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium']

export const executablePath = process.env.CHROMIUM_PATH ?? places.find(existsSync) ?? '/usr/bin/chromium'

/**
 * What Chromium does beside showing pages, which costs a third of its time: renderers made before they are needed, pages of its own around each window, and
 * a renderer for each site that a person visits and a new frame for each document, which protect against faults of Chromium and change nothing that a page
 * may do. One list of features replaces another, so the part of Playwright's own that matters here is repeated.
 */
const unneeded = [
  'SpareRendererForSitePerProcess',
  'PreloadTopChromeWebUI',
  'InitialWebUI',
  'WebUIOmniboxPopup',
  'WebUIReloadButton',
  'WebUIToolbar',
  'ClientSideDetection',
  'Translate',
  'OptimizationHints',
  'LensOverlay',
  'MediaRouter',
  'PreconnectToSearch',
  'NetworkTimeServiceQuerying',
  'IsolateOrigins',
  'site-per-process',
  'RenderDocument'
]
const ofPlaywright = [
  'AvoidCorsURLLoaderRestartOnRedirect',
  'AvoidUnnecessaryBeforeUnloadCheckSync',
  'DestroyProfileOnBrowserClose',
  'HttpsFirstBalancedModeAutoEnable',
  'HttpsUpgrades',
  'PaintHolding',
  'ThirdPartyStoragePartitioning'
]

export const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-client-side-phishing-detection',
  '--disable-site-isolation-trials',
  '--renderer-process-limit=1',
  `--disable-features=${[...unneeded, ...ofPlaywright].join(',')}`
]
