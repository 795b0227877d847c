/**
 * An engine's HTTP on a socket, with containers, networks and images in memory: what was asked, in order, and what is left. It fails where a test says so.
 * Not an engine: nothing runs. Source: the Docker Engine API, 1.41.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { once } from 'node:events'

type Labels = Readonly<Record<string, string>>

interface Thing {
  readonly id: string
  readonly name: string
  readonly labels: Labels
}

interface Container extends Thing {
  readonly asked: Record<string, unknown>
  /** Names, in the order in which they were plugged in. */
  readonly networks: string[]
  state: string
  readonly archives: { readonly folder: string; readonly bytes: Buffer }[]
}

/** An answer in the place of the right one. */
export interface Failure {
  /** `POST /networks/create`, or the beginning of it. */
  readonly at: string
  /** Which of those requests; default the first. */
  readonly nth?: number
  readonly status?: number
  readonly message: string
}

/** What an exec ends with. */
export interface FakeRun {
  readonly status: number
  readonly output?: string
}

export interface FakeOptions {
  readonly failures?: readonly Failure[]
  readonly images?: readonly string[]
  /** Lines of JSON that a build writes. */
  readonly build?: readonly object[]
  readonly run?: (command: readonly string[], container: string) => FakeRun
  /** Called with each request before it is answered. */
  readonly onRequest?: (what: string) => void | Promise<void>
  readonly log?: string
}

export interface FakeEngine extends AsyncDisposable {
  readonly socket: string
  /** `POST /networks/create sallyport-lan`: what, and upon whom. */
  readonly requests: string[]
  readonly containers: Map<string, Container>
  readonly networks: Map<string, Thing>
  readonly images: Map<string, Labels>
  readonly builds: { readonly query: URLSearchParams; readonly context: Buffer }[]
}

const ours = (labels: Labels, filters: string | null): boolean => {
  const read = JSON.parse(filters ?? '{}') as { readonly label?: readonly string[] }
  return (read.label ?? []).every((label) => {
    const [key = '', value] = label.split('=')
    return labels[key] === value
  })
}

/** As engines send what a program writes: stream 1, then the length. */
function framed(text: string): Buffer {
  const body = Buffer.from(text)
  const header = Buffer.alloc(8)
  header[0] = 1
  header.writeUInt32BE(body.length, 4)
  return Buffer.concat([header, body])
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

export async function startFakeEngine(options: FakeOptions = {}): Promise<FakeEngine> {
  const folder = mkdtempSync(path.join(tmpdir(), 'sallyport-engine-'))
  const socket = path.join(folder, 'engine.sock')
  const requests: string[] = []
  const containers = new Map<string, Container>()
  const networks = new Map<string, Thing>()
  const images = new Map<string, Labels>((options.images ?? ['base']).map((name) => [name, {}]))
  const builds: FakeEngine['builds'] = []
  const runs = new Map<string, FakeRun>()
  const counts = new Map<Failure, number>()
  let ids = 0
  const nextId = (kind: string): string => `${kind}${(ids += 1)}`

  const containerOf = (key: string): Container | undefined =>
    containers.get(key) ?? [...containers.values()].find(({ name }) => name === key)

  /** Undefined: there is no such thing. */
  const answer = (
    what: string,
    url: URL,
    body: Buffer,
  ): { readonly status: number; readonly body?: object | Buffer | string } | undefined => {
    const json = (): Record<string, unknown> =>
      body.length === 0 ? {} : (JSON.parse(body.toString()) as Record<string, unknown>)
    const [, room, key = '', verb] = url.pathname.split('/').map(decodeURIComponent)
    switch (what) {
      case 'GET _ping':
        return { status: 200, body: 'OK' }
      case 'GET images':
        if (key === 'json') {
          const found = [...images].filter(([, l]) => ours(l, url.searchParams.get('filters')))
          const shown = found.map(([name, l]) => ({ Id: name, RepoTags: [name], Labels: l }))
          return { status: 200, body: shown }
        }
        return images.has(key) ? { status: 200, body: { Id: key } } : undefined
      case 'DELETE images':
        return images.delete(key) ? { status: 200, body: [] } : undefined
      case 'POST build': {
        builds.push({ query: url.searchParams, context: body })
        const lines = options.build ?? [{ stream: 'Successfully built' }]
        const labels = JSON.parse(url.searchParams.get('labels') ?? '{}') as Labels
        if (!lines.some((line) => 'error' in line)) images.set(url.searchParams.get('t')!, labels)
        return { status: 200, body: lines.map((line) => `${JSON.stringify(line)}\r\n`).join('') }
      }
      case 'POST images':
        return { status: 200, body: { SpaceReclaimed: 0 } }
      case 'GET networks': {
        const all = [...networks.values()]
        const found = all.filter(({ labels }) => ours(labels, url.searchParams.get('filters')))
        const shown = found.map(({ id, name, labels }) => ({ Id: id, Name: name, Labels: labels }))
        return { status: 200, body: shown }
      }
      case 'POST networks': {
        if (verb === 'connect') {
          const container = containerOf(String(json()['Container']))
          if (container === undefined) return undefined
          container.networks.push(key)
          return { status: 200 }
        }
        const { Name: name, Labels: labels } = json() as { Name: string; Labels: Labels }
        const id = nextId('n')
        networks.set(id, { id, name, labels })
        return { status: 201, body: { Id: id } }
      }
      case 'DELETE networks':
        return networks.delete(key) ? { status: 204 } : undefined
      case 'GET containers': {
        if (key === 'json') {
          const all = [...containers.values()]
          const found = all.filter(({ labels }) => ours(labels, url.searchParams.get('filters')))
          const shown = found.map((each) => ({
            Id: each.id,
            Names: [`/${each.name}`],
            Labels: each.labels,
            State: each.state,
          }))
          return { status: 200, body: shown }
        }
        const container = containerOf(key)
        if (container === undefined) return undefined
        if (verb === 'logs') return { status: 200, body: framed(options.log ?? '') }
        const plugs = container.networks.map((name, place) => [
          name,
          { MacAddress: `02:42:00:00:00:0${place + 1}` },
        ])
        return { status: 200, body: { NetworkSettings: { Networks: Object.fromEntries(plugs) } } }
      }
      case 'POST containers': {
        if (key === 'create') {
          const asked = json()
          const name = url.searchParams.get('name')!
          const { NetworkMode } = asked['HostConfig'] as { readonly NetworkMode: string }
          const id = nextId('c')
          const labels = asked['Labels'] as Labels
          const networksOf = [NetworkMode]
          const state = 'created'
          containers.set(id, { id, name, labels, asked, networks: networksOf, state, archives: [] })
          return { status: 201, body: { Id: id } }
        }
        const container = containerOf(key)
        if (container === undefined) return undefined
        if (verb === 'start') {
          container.state = 'running'
          return { status: 204 }
        }
        const id = nextId('e')
        const command = json()['Cmd'] as readonly string[]
        runs.set(id, options.run?.(command, container.name) ?? { status: 0 })
        return { status: 201, body: { Id: id } }
      }
      case 'PUT containers': {
        const container = containerOf(key)
        if (container === undefined) return undefined
        container.archives.push({ folder: url.searchParams.get('path')!, bytes: body })
        return { status: 200 }
      }
      case 'DELETE containers': {
        const container = containerOf(key)
        return container !== undefined && containers.delete(container.id)
          ? { status: 204 }
          : undefined
      }
      case 'POST exec':
        return { status: 200, body: framed(runs.get(key)?.output ?? '') }
      case 'GET exec':
        return { status: 200, body: { ExitCode: runs.get(key)?.status ?? 0 } }
      default:
        throw new Error(`no such request: ${what} of ${room ?? ''}`)
    }
  }

  const failureOf = (asked: string): Failure | undefined =>
    options.failures?.find((failure) => {
      if (!asked.startsWith(failure.at)) return false
      const count = (counts.get(failure) ?? 0) + 1
      counts.set(failure, count)
      return count === (failure.nth ?? 1)
    })

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url!, 'http://engine')
    const body = await bodyOf(request)
    const asked = `${request.method!} ${decodeURIComponent(url.pathname)}`
    requests.push(asked)
    await options.onRequest?.(asked)
    const failure = failureOf(asked)
    const [, room] = url.pathname.split('/')
    const said =
      failure === undefined
        ? (answer(`${request.method!} ${room!}`, url, body) ?? {
            status: 404,
            body: { message: `no such thing: ${url.pathname}` },
          })
        : { status: failure.status ?? 500, body: { message: failure.message } }
    response.writeHead(said.status)
    const isRaw =
      said.body === undefined || typeof said.body === 'string' || said.body instanceof Buffer
    response.end(isRaw ? said.body : JSON.stringify(said.body))
  }

  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy())
  })
  server.listen(socket)
  await once(server, 'listening')
  return {
    socket,
    requests,
    containers,
    networks,
    images,
    builds,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
