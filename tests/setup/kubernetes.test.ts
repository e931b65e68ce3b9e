/** The Kubernetes manifests, judged without a cluster: the restricted Pod Security Standard, names that fit each other, and a configuration that `check` accepts. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { parseAllDocuments } from 'yaml'
import { loadConfig } from '../../config/load.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const file = path.join(root, 'config/examples/kubernetes/factorgate.yaml')
const text = readFileSync(file, 'utf8')

// biome-ignore lint/suspicious/noExplicitAny: a manifest is whatever its author wrote, and the test reads it.
type Manifest = any
const parsed = parseAllDocuments(text) as unknown as { errors: unknown[]; warnings: unknown[]; toJS(): Manifest }[]
const manifests: Manifest[] = parsed.map(document => document.toJS())
const ofKind = (kind: string): Manifest => manifests.find(each => each.kind === kind)
const gates = ofKind('StatefulSet')
const pod = gates.spec.template.spec
const [gate] = pod.containers
const config = ofKind('ConfigMap').data['factorgate.yaml'] as string
const settings = async (t: Test) => {
  const secret = /--from-file=([\w.-]+)/g
  const files = Object.fromEntries([...text.matchAll(secret)].map(([, name]) => [name, 'a-password\n']))
  const folder = t.testdir({ 'factorgate.yaml': config.replaceAll('/run/secrets/factorgate/', './'), ...files })
  return loadConfig({ file: path.join(folder, 'factorgate.yaml'), env: {}, cwd: folder })
}

t.test('every document is an object of a version that Kubernetes serves, with a name of its own', async t => {
  t.same(
    parsed.flatMap(({ errors, warnings }) => [...errors, ...warnings]),
    []
  )
  t.same(
    manifests.map(({ apiVersion, kind }) => `${apiVersion} ${kind}`),
    [
      'v1 ConfigMap',
      'apps/v1 StatefulSet',
      'v1 Service',
      'policy/v1 PodDisruptionBudget',
      'networking.k8s.io/v1 NetworkPolicy',
      'networking.k8s.io/v1 NetworkPolicy'
    ]
  )
  const named = manifests.map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`)
  t.equal(new Set(named).size, named.length)
  for (const { metadata } of manifests) t.match(metadata, { name: /^[a-z0-9-]{1,63}$/, namespace: /^[a-z0-9-]{1,63}$/ })
})

t.test('the pod fits the restricted Pod Security Standard, and more', async t => {
  t.match(pod.securityContext, { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } })
  t.ok(pod.securityContext.runAsUser > 0)
  t.same(gate.securityContext, {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] }
  })
  for (const key of ['hostNetwork', 'hostPID', 'hostIPC', 'initContainers', 'ephemeralContainers'])
    t.notOk(key in pod, key)
  t.equal(pod.automountServiceAccountToken, false, 'the gate asks the cluster nothing')
  const allowed = ['name', 'configMap', 'secret', 'emptyDir', 'projected', 'persistentVolumeClaim']
  for (const volume of pod.volumes)
    t.ok(
      Object.keys(volume).every(key => allowed.includes(key)),
      volume.name
    )
  t.ok(gate.resources.limits.memory && gate.resources.requests.cpu)
})

t.test('selectors, ports and volumes name what exists', async t => {
  const labels = gates.spec.template.metadata.labels
  t.same(gates.spec.selector.matchLabels, labels)
  t.same(ofKind('Service').spec.selector, labels)
  t.same(ofKind('PodDisruptionBudget').spec.selector.matchLabels, labels)
  t.same(ofKind('NetworkPolicy').spec.podSelector.matchLabels, labels)
  t.equal(gates.spec.serviceName, ofKind('Service').metadata.name)
  t.ok(ofKind('PodDisruptionBudget').spec.minAvailable < gates.spec.replicas, 'a node can be drained')

  const ports = gate.ports.map(({ name }: Manifest) => name)
  for (const { targetPort } of ofKind('Service').spec.ports) t.ok(ports.includes(targetPort), targetPort)
  t.same(
    ofKind('Service').spec.ports.map(({ name }: Manifest) => name),
    ['gate'],
    'health and metrics are no service'
  )
  for (const probe of [gate.startupProbe, gate.livenessProbe, gate.readinessProbe]) t.equal(probe.httpGet.port, 'admin')
  t.equal(gate.livenessProbe.httpGet.path, '/livez', 'an unreachable Redis restarts no gate')
  t.equal(gate.readinessProbe.httpGet.path, '/readyz')

  const given = [...pod.volumes, ...gates.spec.volumeClaimTemplates.map(({ metadata }: Manifest) => metadata)]
  t.same(gate.volumeMounts.map(({ name }: Manifest) => name).sort(), given.map(({ name }: Manifest) => name).sort())
  const secret = pod.volumes.find((volume: Manifest) => volume.secret).secret
  t.match(text, `create secret generic ${secret.secretName} --from-file`)
  t.equal(secret.defaultMode, 0o440, 'a wider mode is refused by the gate')
  t.ok(pod.securityContext.fsGroup > 0, 'the group that may read it')
})

t.test('the configuration is accepted without a warning, and fits the pod around it', async t => {
  const loaded = await settings(t)
  t.match(loaded, { kind: 'ok', warnings: [] })
  if (loaded.kind !== 'ok') return
  const { listen, admin, shutdownTimeout, store, journal } = loaded.config as Manifest
  const portOf = (name: string) => gate.ports.find((port: Manifest) => port.name === name).containerPort
  t.same([listen.port, admin.port], [portOf('gate'), portOf('admin')])
  t.equal(store.kind, 'redis', 'several gates need one store')
  const mountOf = (name: string) => gate.volumeMounts.find((mount: Manifest) => mount.name === name)
  t.ok(journal.file.startsWith(`${mountOf('data').mountPath}/`), 'the journal outlives the pod')
  for (const secret of config.matchAll(/: (\/run\/\S+?)[ }\n]/g))
    t.equal(path.posix.dirname(secret[1]!), mountOf('secrets').mountPath)
  const [, pauseMs] = /(\d+)\)/.exec(gate.lifecycle.preStop.exec.command[2])!
  t.ok(pod.terminationGracePeriodSeconds * 1000 > shutdownTimeout * 1000 + Number(pauseMs), 'requests may end')
  const image = readFileSync(path.join(root, 'Dockerfile'), 'utf8')
  t.match(image, `FACTORGATE_CONFIG=${mountOf('configuration').mountPath}/factorgate.yaml`)
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))
  t.equal(gate.image, `factorgate:${version}`)
})

t.test('the pause before the end is a command that exists in the image', async t => {
  const [command, ...args] = gate.lifecycle.preStop.exec.command
  t.equal(command, 'node')
  const { status } = spawnSync(
    process.execPath,
    args.map((arg: string) => arg.replace('5000', '1'))
  )
  t.equal(status, 0)
})

t.test('the network policies let through what the configuration names', async t => {
  const loaded = await settings(t)
  if (loaded.kind !== 'ok') throw new Error(JSON.stringify(loaded.problems))
  const [own, lab] = manifests.filter(({ kind }) => kind === 'NetworkPolicy')
  const open = own.spec.egress.flatMap(({ ports }: Manifest) => ports.map(({ port }: Manifest) => port))
  const urls = [...config.matchAll(/(?:store|upstream): (\S+)/g)].map(([, url]) => new URL(url!))
  t.equal(urls.length, 2)
  for (const { port, href } of urls) t.ok(open.includes(Number(port)), href)
  const upstream = urls.find(({ protocol }) => protocol === 'http:')!
  t.equal(lab.metadata.namespace, upstream.hostname.split('.')[1], 'the policy of the app is where the app is')
  t.same(lab.spec.policyTypes, ['Ingress'])
  t.same(lab.spec.ingress.length, 1)
  const [from] = lab.spec.ingress[0].from
  t.same(from.podSelector.matchLabels, gates.spec.template.metadata.labels, 'only gates reach it')
  t.equal(from.namespaceSelector.matchLabels['kubernetes.io/metadata.name'], gates.metadata.namespace)
})
