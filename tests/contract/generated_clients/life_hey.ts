// Runs a job, takes its savepoint and cancels it with the client of @hey-api/openapi-ts: node life_hey.js URL JAR
import { openAsBlob } from 'node:fs'
import { client } from './hey/client.gen.js'
import * as flink from './hey/sdk.gen.js'

const [url, jar] = process.argv.slice(2)
client.setConfig({ baseUrl: url!, throwOnError: true })

async function waitFor(event: string, hasHappened: () => Promise<boolean>): Promise<void> {
  for (let poll = 0; poll < 600; poll++) {
    if (await hasHappened()) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`${event} took too long`)
}

const options = { throwOnError: true } as const
console.log('version', (await flink.getDashboardConfiguration(options)).data['flink-version'])
const jarfile = new File([await openAsBlob(jar!)], 'life.jar')
const uploaded = (await flink.uploadJar({ body: { jarfile }, ...options })).data
const jarid = uploaded.filename.split('/').pop()!
const body = { programArgsList: ['--par', '1'] }
const { jobid } = (await flink.submitJobFromJar({ path: { jarid }, query: { parallelism: 1 }, body, ...options })).data
const path = { jobid }
const details = async () => (await flink.getJobDetails({ path, ...options })).data
await waitFor('the start', async () => (await details()).vertices.every((vertex) => vertex.status === 'RUNNING'))
for (const vertex of (await details()).vertices) {
  const vertexDetails = await flink.getJobVertexDetails({ path: { jobid, vertexid: vertex.id }, ...options })
  if (vertexDetails.data.subtasks.length === 0) throw new Error('no subtasks')
}
const names = (await flink.getJobMetrics({ path, ...options })).data.map((metric) => metric.id)
const twoMetrics = (await flink.getJobMetrics({ path, query: { get: names.slice(0, 2) }, ...options })).data
if (twoMetrics.length !== 2) throw new Error('not two metrics')
const target = { 'target-directory': 'file:///tmp/life' }
const triggerid = (await flink.triggerSavepoint({ path, body: target, ...options })).data['request-id']
const savepoint = async () => (await flink.getSavepointStatus({ path: { jobid, triggerid }, ...options })).data
await waitFor('the savepoint', async () => (await savepoint()).status.id === 'COMPLETED')
if (!(await savepoint()).operation?.location?.startsWith('file:/tmp/life')) throw new Error('no savepoint')
await flink.cancelJob({ path, query: { mode: 'cancel' }, ...options })
await waitFor('the end', async () => (await details()).state === 'CANCELED')
const result = (await flink.getJobExecutionResult({ path, ...options })).data
console.log('result', result['job-execution-result']?.['application-status'])
await flink.deleteJar({ path: { jarid }, ...options })
