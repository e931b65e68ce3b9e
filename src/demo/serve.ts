/** The sample lab as a process, for compose.yaml: `node dist/src/demo/serve.js PORT [HOST]`. It ends at SIGTERM. */
import { SampleLab } from './sample-lab.ts'

const [port = '8080', host = '127.0.0.1'] = process.argv.slice(2)
const lab = await SampleLab.start({ port: Number(port), host })
console.log(`The sample lab listens on ${lab.url}. Anyone who reaches it there can claim to be anybody.`)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => lab.close())
