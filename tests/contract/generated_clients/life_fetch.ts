// Runs a job, takes its savepoint and cancels it with openapi-typescript and openapi-fetch: node life_fetch.js URL JAR
import { openAsBlob } from 'node:fs'
import createClient from 'openapi-fetch'
import type { paths } from './flink.js'

const [url, jar] = process.argv.slice(2)
const flink = createClient<paths>({ baseUrl: url!, querySerializer: { array: { style: 'form', explode: false } } })

async function waitFor(event: string, hasHappened: () => Promise<boolean>): Promise<void> {
  for (let poll = 0; poll < 600; poll++) {
    if (await hasHappened()) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`${event} took too long`)
}

function body<T>(response: { data?: T; error?: unknown }): T {
  if (response.data === undefined) throw new Error(JSON.stringify(response.error))
  return response.data
}

console.log('version', body(await flink.GET('/config'))['flink-version'])
const form = new FormData()
form.append('jarfile', await openAsBlob(jar!), 'life.jar')
const uploaded = body(await flink.POST('/jars/upload', { body: form as never, bodySerializer: (form) => form }))
const jarid = uploaded.filename.split('/').pop()!
const run = { params: { path: { jarid }, query: { parallelism: 1 } }, body: { programArgsList: ['--par', '1'] } }
const jobid = body(await flink.POST('/jars/{jarid}/run', run)).jobid
const path = { jobid }
const details = async () => body(await flink.GET('/jobs/{jobid}', { params: { path } }))
await waitFor('the start', async () => (await details()).vertices.every((vertex) => vertex.status === 'RUNNING'))
for (const vertex of (await details()).vertices) {
  const params = { path: { jobid, vertexid: vertex.id } }
  if (body(await flink.GET('/jobs/{jobid}/vertices/{vertexid}', { params })).subtasks.length === 0) throw new Error('no subtasks')
}
const names = body(await flink.GET('/jobs/{jobid}/metrics', { params: { path } })).map((metric) => metric.id)
const twoMetrics = body(await flink.GET('/jobs/{jobid}/metrics', { params: { path, query: { get: names.slice(0, 2) } } }))
if (twoMetrics.length !== 2) throw new Error('not two metrics')
const target = { 'target-directory': 'file:///tmp/life' }
const triggerid = body(await flink.POST('/jobs/{jobid}/savepoints', { params: { path }, body: target }))['request-id']
const savepoint = async () =>
  body(await flink.GET('/jobs/{jobid}/savepoints/{triggerid}', { params: { path: { jobid, triggerid } } }))
await waitFor('the savepoint', async () => (await savepoint()).status.id === 'COMPLETED')
if (!(await savepoint()).operation?.location?.startsWith('file:/tmp/life')) throw new Error('no savepoint')
await flink.PATCH('/jobs/{jobid}', { params: { path, query: { mode: 'cancel' } } })
await waitFor('the end', async () => (await details()).state === 'CANCELED')
const result = body(await flink.GET('/jobs/{jobid}/execution-result', { params: { path } }))
console.log('result', result['job-execution-result']?.['application-status'])
await flink.DELETE('/jars/{jarid}', { params: { path: { jarid } } })
