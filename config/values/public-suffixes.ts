/**
 * Suffixes under which strangers register names: a short list, enough to catch an `rpId` that browsers refuse or that neighbours share. It is
 * no copy of the Public Suffix List.
 */

/** Country → what people register names under there. */
const countries: Record<string, string> = {
  ae: 'ac co gov net org sch',
  ar: 'com edu gob gov int mil net org tur',
  at: 'ac co gv or priv',
  au: 'asn com edu gov id net org',
  bd: 'ac com edu gov net org',
  br: 'art blog com edu eng gov ind inf med mil net org',
  cn: 'ac com edu gov net org',
  co: 'com edu gov mil net nom org',
  cr: 'ac co ed fi go or sa',
  ec: 'com edu fin gob gov info med net org',
  eg: 'com edu eun gov net org sci',
  es: 'com edu gob nom org',
  fr: 'asso com gouv nom prd tm',
  gr: 'com edu gov net org',
  hk: 'com edu gov idv net org',
  hu: 'co info org priv sport tm',
  id: 'ac biz co desa go mil my net or sch web',
  il: 'ac co gov idf k12 muni net org',
  in: 'ac co edu ernet firm gen gov ind net nic org res',
  ir: 'ac co gov id net org sch',
  it: 'edu gov',
  jp: 'ac ad co ed go gr lg ne or',
  ke: 'ac co go info me mobi ne or sc',
  kr: 'ac co es go hs kg mil ms ne or pe re sc',
  lk: 'ac com edu gov net org sch',
  mx: 'com edu gob net org',
  my: 'com edu gov mil name net org',
  ng: 'com edu gov mil name net org sch',
  nz: 'ac co cri geek gen govt health iwi kiwi maori mil net org school',
  pe: 'com edu gob mil net nom org',
  ph: 'com edu gov mil net ngo org',
  pk: 'biz com edu fam gob gov net org web',
  pl: 'com edu gov info mil net org pl waw',
  pt: 'com edu gov int net nome org publ',
  ru: 'com msk net org pp spb',
  sa: 'com edu gov med net org pub sch',
  sg: 'com edu gov net org per',
  th: 'ac co go in mi net or',
  tr: 'av bel bbs com dr edu gen gov info k12 net org pol tel web',
  tw: 'club com ebiz edu game gov idv mil net org',
  ua: 'com edu gov in kiev kyiv lviv net org',
  uk: 'ac co gov ltd me net nhs org plc police sch',
  ve: 'co com edu gob info net org web',
  vn: 'ac biz com edu gov health info int name net org pro',
  za: 'ac alt co edu gov law mil net ngo nom org school web'
}

const others =
  `github.io gitlab.io pages.dev workers.dev web.app firebaseapp.com appspot.com run.app cloudfunctions.net herokuapp.com
  netlify.app vercel.app now.sh onrender.com fly.dev up.railway.app azurewebsites.net azurestaticapps.net cloudapp.net cloudapp.azure.com
  amazonaws.com s3.amazonaws.com cloudfront.net elasticbeanstalk.com blogspot.com wordpress.com readthedocs.io ngrok.io ngrok.app
  ngrok-free.app ngrok-free.dev trycloudflare.com duckdns.org dyndns.org dynu.net no-ip.org ddns.net hopto.org zapto.org myfritz.net
  synology.me ts.net nip.io sslip.io eu.org uk.com us.com de.com eu.com gb.net home.arpa hf.space streamlit.app shinyapps.io
  deno.dev repl.co replit.app codeberg.page neocities.org surge.sh`
    .trim()
    .split(/\s+/)

/** True for `com`, `co.uk`, `github.io` and their like: nobody's own domain. */
export function isPublicSuffix(name: string): boolean {
  const labels = name.split('.')
  if (labels.length === 1 || others.includes(name)) return true
  const [second, country] = labels as [string, string]
  return labels.length === 2 && (countries[country]?.split(' ').includes(second) ?? false)
}
