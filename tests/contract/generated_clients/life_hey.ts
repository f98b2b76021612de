// A job's life with the client that @hey-api/openapi-ts generates: node life_hey.js URL JAR
import { openAsBlob } from 'node:fs'
import { client } from './hey/client.gen.js'
import * as flink from './hey/sdk.gen.js'

const [url, jar] = process.argv.slice(2)
client.setConfig({ baseUrl: url!, throwOnError: true })

async function waitFor(what: string, done: () => Promise<boolean>): Promise<void> {
  for (let count = 0; count < 600; count++) {
    if (await done()) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`${what} took too long`)
}

const always = { throwOnError: true } as const
console.log('version', (await flink.getDashboardConfiguration(always)).data['flink-version'])
const jarfile = new File([await openAsBlob(jar!)], 'life.jar')
const uploaded = (await flink.uploadJar({ body: { jarfile }, ...always })).data
const jarid = uploaded.filename.split('/').pop()!
const body = { programArgsList: ['--par', '1'] }
const { jobid } = (await flink.submitJobFromJar({ path: { jarid }, query: { parallelism: 1 }, body, ...always })).data
const path = { jobid }
const details = async () => (await flink.getJobDetails({ path, ...always })).data
await waitFor('the start', async () => (await details()).vertices.every((vertex) => vertex.status === 'RUNNING'))
for (const vertex of (await details()).vertices) {
  const shown = await flink.getJobVertexDetails({ path: { jobid, vertexid: vertex.id }, ...always })
  if (shown.data.subtasks.length === 0) throw new Error('no subtasks')
}
const names = (await flink.getJobMetrics({ path, ...always })).data.map((metric) => metric.id)
const chosen = (await flink.getJobMetrics({ path, query: { get: names.slice(0, 2) }, ...always })).data
if (chosen.length !== 2) throw new Error('not two metrics')
const target = { 'target-directory': 'file:///tmp/life' }
const triggerid = (await flink.triggerSavepoint({ path, body: target, ...always })).data['request-id']
const savepoint = async () => (await flink.getSavepointStatus({ path: { jobid, triggerid }, ...always })).data
await waitFor('the savepoint', async () => (await savepoint()).status.id === 'COMPLETED')
if (!(await savepoint()).operation?.location?.startsWith('file:/tmp/life')) throw new Error('no savepoint')
await flink.cancelJob({ path, query: { mode: 'cancel' }, ...always })
await waitFor('the end', async () => (await details()).state === 'CANCELED')
const result = (await flink.getJobExecutionResult({ path, ...always })).data
console.log('result', result['job-execution-result']?.['application-status'])
await flink.deleteJar({ path: { jarid }, ...always })
