/**
 * A container engine as a replica needs it: the one door to dockerode, which is loaded when it is first asked for. What an engine refuses, and that there is
 * none, is data. Not the replica: `start.ts` knows what to ask for, and in which order. Source: the Docker Engine API, 1.41.
 */
import { Readable } from 'node:stream'
import type Docker from 'dockerode'
import { fromUtf8 } from '../base/bytes.ts'
import { err, ok, type Result } from '../base/result.ts'

/** Why an engine did not do something. */
export interface EngineFault {
  /** `unreachable`: nobody answers there. `taken`: something of that name is there already. `absent`: it is not there. `stopped`: we gave up. */
  readonly kind: 'unreachable' | 'taken' | 'absent' | 'stopped' | 'refused'
  /** One line. */
  readonly message: string
}

type Done<T = undefined> = Promise<Result<T, EngineFault>>

export interface ContainerSpec {
  readonly name: string
  readonly image: string
  readonly hostname: string
  readonly network: string
  readonly labels: Readonly<Record<string, string>>
  readonly environment: readonly string[]
  readonly sysctls: Readonly<Record<string, string>>
}

export interface ImageSpec {
  readonly tag: string
  readonly dockerfile: string
  /** A tar archive. */
  readonly context: Uint8Array
  readonly base: string
  readonly labels: Readonly<Record<string, string>>
}

/** Something that bears one of our labels. */
export interface Labelled {
  readonly id: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  /** Of a container: `running`, `exited`, … */
  readonly state?: string
}

export interface Ran {
  readonly status: number
  /** Both streams, as they came. */
  readonly output: string
}

/** A build, or a daemon that comes up, may be silent for as long. */
const SILENCE_MS_MAX = 300_000
const GREETING_MS_MAX = 10_000
const OUTPUT_MAX = 1 << 20

/** What a container may that Debian's users may not: firewalls, interfaces, and raw packets. */
const CAPABILITIES = ['NET_ADMIN', 'NET_RAW']
const TUN = {
  PathOnHost: '/dev/net/tun',
  PathInContainer: '/dev/net/tun',
  CgroupPermissions: 'rwm',
}

/** A cable without anybody of ours on it: the host has no address there, and hides nobody behind one. */
const CABLE = {
  'com.docker.network.bridge.enable_ip_masquerade': 'false',
  'com.docker.network.bridge.inhibit_ipv4': 'true',
}

/**
 * Reach an engine. `address`: a socket (`/run/docker.sock`, `unix:///run/docker.sock`) or `tcp://host:port`; undefined: what DOCKER_HOST says, or
 * the usual socket.
 */
export async function reachEngine(address: string | undefined): Done<Engine> {
  const options = address === undefined ? {} : optionsOf(address)
  if (options === undefined) {
    const message = `'${address}' is neither a socket nor tcp://host:port`
    return err({ kind: 'unreachable', message })
  }
  let Client: typeof Docker
  try {
    Client = (await import('dockerode')).default
  } catch {
    const message = 'dockerode is not installed: npm install dockerode@5.0.1'
    return err({ kind: 'unreachable', message })
  }
  const shown = address ?? process.env['DOCKER_HOST'] ?? 'the usual socket'
  return attempt(`no engine at ${shown}`, async () => {
    await new Client({ timeout: GREETING_MS_MAX, ...options }).ping()
    return new Engine(new Client({ timeout: SILENCE_MS_MAX, ...options }))
  })
}

/** `host` is always told: without, DOCKER_HOST would go before a socket. */
function optionsOf(address: string): Docker.DockerOptions | undefined {
  const socket = /^(?:unix:\/\/)?(\/.+)$/.exec(address)?.[1]
  if (socket !== undefined) return { socketPath: socket, host: '', protocol: 'http' }
  const [, scheme, host, port] = /^(tcp|http|https):\/\/([^/:]+):(\d{1,5})\/?$/.exec(address) ?? []
  if (host === undefined) return undefined
  return { host, port: Number(port), protocol: scheme === 'https' ? 'https' : 'http' }
}

export class Engine {
  readonly #docker: Docker

  constructor(docker: Docker) {
    this.#docker = docker
  }

  hasImage(name: string): Done<boolean> {
    return attempt(`image ${name}`, async () => {
      try {
        await this.#docker.getImage(name).inspect()
        return true
      } catch (thrown) {
        if (statusOf(thrown) === 404) return false
        throw thrown
      }
    })
  }

  build(image: ImageSpec, signal: AbortSignal): Done {
    return attempt(`image ${image.tag}`, async () => {
      const stream = await this.#docker.buildImage(Readable.from([Buffer.from(image.context)]), {
        t: image.tag,
        dockerfile: image.dockerfile,
        buildargs: { BASE: image.base },
        labels: { ...image.labels },
        forcerm: true,
        abortSignal: signal,
      })
      const failure = await buildFailure(stream)
      if (failure !== undefined) throw new Error(failure)
      return undefined
    })
  }

  /** Images that lost their name to a newer one. */
  pruneImages(label: string): Done {
    return attempt('old images', async () => {
      await this.#docker.pruneImages({ filters: { dangling: ['true'], label: [label] } })
      return undefined
    })
  }

  createNetwork(name: string, labels: Readonly<Record<string, string>>): Done {
    return attempt(`network ${name}`, async () => {
      await this.#docker.createNetwork({
        Name: name,
        CheckDuplicate: true,
        Driver: 'bridge',
        Options: CABLE,
        Labels: { ...labels },
      })
      return undefined
    })
  }

  createContainer(spec: ContainerSpec): Done<string> {
    return attempt(`container ${spec.name}`, async () => {
      const { id } = await this.#docker.createContainer({
        name: spec.name,
        Image: spec.image,
        Hostname: spec.hostname,
        Env: [...spec.environment],
        Labels: { ...spec.labels },
        HostConfig: {
          NetworkMode: spec.network,
          CapAdd: CAPABILITIES,
          Devices: [TUN],
          Sysctls: { ...spec.sysctls },
        },
      })
      return id
    })
  }

  start(id: string, name: string): Done {
    return attempt(`container ${name}`, async () => {
      await this.#docker.getContainer(id).start()
      return undefined
    })
  }

  /** Plug one more cable into a container: its next interface. */
  plug(id: string, network: string): Done {
    return attempt(`network ${network}`, async () => {
      await this.#docker.getNetwork(network).connect({ Container: id })
      return undefined
    })
  }

  /** The interfaces' MAC addresses by network. */
  macs(id: string): Done<Readonly<Record<string, string>>> {
    return attempt(`container ${id}`, async () => {
      const { NetworkSettings } = await this.#docker.getContainer(id).inspect()
      return Object.fromEntries(
        Object.entries(NetworkSettings.Networks).map(([name, { MacAddress }]) => [
          name,
          MacAddress,
        ]),
      )
    })
  }

  /** Unpack a tar archive into a folder of a container. */
  put(id: string, folder: string, archive: Uint8Array): Done {
    return attempt(`files of ${folder}`, async () => {
      await this.#docker.getContainer(id).putArchive(Buffer.from(archive), { path: folder })
      return undefined
    })
  }

  run(id: string, command: readonly string[], signal?: AbortSignal): Done<Ran> {
    return attempt(command[0] ?? '', async () => {
      const exec = await this.#docker.getContainer(id).exec({
        Cmd: [...command],
        AttachStdout: true,
        AttachStderr: true,
      })
      const stream = await exec.start({ ...(signal !== undefined && { abortSignal: signal }) })
      const output = fromUtf8(unframed(await bytesOf(stream)))
      const { ExitCode } = await exec.inspect()
      return { status: ExitCode ?? -1, output }
    })
  }

  /** The last lines that a container wrote. */
  log(id: string, lines: number): Done<string> {
    return attempt(`log of ${id}`, async () => {
      const options = { stdout: true, stderr: true, tail: lines, follow: false } as const
      return fromUtf8(unframed(await this.#docker.getContainer(id).logs(options)))
    })
  }

  containers(label: string): Done<readonly Labelled[]> {
    return attempt('containers', async () => {
      const all = await this.#docker.listContainers({ all: true, filters: { label: [label] } })
      return all.map(({ Id, Names, Labels, State }) => ({
        id: Id,
        name: (Names[0] ?? Id).replace(/^\//, ''),
        labels: Labels,
        state: State,
      }))
    })
  }

  networks(label: string): Done<readonly Labelled[]> {
    return attempt('networks', async () => {
      const all = await this.#docker.listNetworks({ filters: { label: [label] } })
      return all.map(({ Id, Name, Labels }) => ({ id: Id, name: Name, labels: Labels ?? {} }))
    })
  }

  images(label: string): Done<readonly Labelled[]> {
    return attempt('images', async () => {
      const all = await this.#docker.listImages({ filters: { label: [label] } })
      return all.map(({ Id, RepoTags, Labels }) => ({
        id: Id,
        name: RepoTags?.[0] ?? Id,
        labels: Labels ?? {},
      }))
    })
  }

  removeContainer({ id, name }: Labelled): Done {
    return removal(`container ${name}`, () =>
      this.#docker.getContainer(id).remove({ force: true, v: true }),
    )
  }

  removeNetwork({ id, name }: Labelled): Done {
    return removal(`network ${name}`, () => this.#docker.getNetwork(id).remove())
  }

  removeImage({ id, name }: Labelled): Done {
    return removal(`image ${name}`, () => this.#docker.getImage(id).remove({ force: true }))
  }
}

/** What has gone meanwhile needs no removal. */
const removal = (what: string, act: () => Promise<unknown>): Done =>
  attempt(what, async () => {
    try {
      await act()
    } catch (thrown) {
      if (statusOf(thrown) !== 404) throw thrown
    }
    return undefined
  })

async function attempt<T>(what: string, act: () => Promise<T>): Done<T> {
  try {
    return ok(await act())
  } catch (thrown) {
    return err(faultOf(what, thrown))
  }
}

/** What dockerode's errors have beside their text. */
interface Told {
  readonly statusCode?: unknown
  readonly code?: unknown
  readonly json?: { readonly message?: unknown } | null
}

const toldBy = (thrown: unknown): Told =>
  typeof thrown === 'object' && thrown !== null ? thrown : {}

const statusOf = (thrown: unknown): unknown => toldBy(thrown).statusCode

const KINDS: Readonly<Record<number, EngineFault['kind']>> = { 404: 'absent', 409: 'taken' }
/** Of sockets, and of a socket that hangs up. */
const UNREACHABLE = new Set([
  'ENOENT',
  'ECONNREFUSED',
  'EACCES',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'ECONNRESET',
])

function faultOf(what: string, thrown: unknown): EngineFault {
  const { statusCode, code, json } = toldBy(thrown)
  const text = thrown instanceof Error ? thrown.message : String(thrown)
  const said = typeof json?.message === 'string' ? json.message : text
  const message = `${what}: ${firstLine(said)}`
  if (typeof statusCode === 'number') return { kind: KINDS[statusCode] ?? 'refused', message }
  if (code === 'ABORT_ERR') return { kind: 'stopped', message }
  const isUnreachable = typeof code === 'string' && UNREACHABLE.has(code)
  return { kind: isUnreachable ? 'unreachable' : 'refused', message }
}

const firstLine = (text: string): string =>
  text
    .split('\n')
    .map((line) => line.trim())
    .find((line) => line !== '') ?? ''

async function bytesOf(stream: NodeJS.ReadableStream): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of stream) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    length += bytes.length
    // What is beyond is read, so that the other side can end, and not kept.
    if (length <= OUTPUT_MAX) chunks.push(bytes)
  }
  return Buffer.concat(chunks)
}

const FRAME_HEADER = 8

/** What a program wrote, out of the engine's frames: a stream's number, three octets of nothing, a length, and so much of it. */
function unframed(bytes: Uint8Array): Uint8Array {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const parts: Uint8Array[] = []
  for (let at = 0; at + FRAME_HEADER <= view.length;) {
    const end = at + FRAME_HEADER + view.readUInt32BE(at + 4)
    parts.push(view.subarray(at + FRAME_HEADER, end))
    at = end
  }
  return Buffer.concat(parts)
}

/** Why a build failed, by what it wrote: a line of JSON for each step, of any number. Undefined: it did not. */
async function buildFailure(stream: NodeJS.ReadableStream): Promise<string | undefined> {
  let error: string | undefined
  let last: string | undefined
  let rest = ''
  const take = (line: string): void => {
    const step = readStep(line)
    error ??= step?.error
    last = lastWords(step?.stream ?? '') ?? last
  }
  for await (const chunk of stream.setEncoding('utf8')) {
    const lines = `${rest}${String(chunk)}`.split('\n')
    rest = lines.pop() ?? ''
    lines.forEach(take)
  }
  take(rest)
  if (error === undefined) return undefined
  // A command says itself what is wrong, in its last words; the engine says only that it failed.
  return last === undefined ? firstLine(error) : `${firstLine(error)} (${last})`
}

/** Of what a command wrote, not of what the engine says about the steps. */
const lastWords = (text: string): string | undefined =>
  text
    .split('\n')
    .map((line) => line.trim())
    .findLast(
      (line) => line !== '' && !/^(?:Step \d|--->|Removing intermediate|Running in)/.test(line),
    )

function readStep(line: string): { readonly error?: string; readonly stream?: string } | undefined {
  try {
    const read: unknown = JSON.parse(line)
    if (typeof read !== 'object' || read === null) return undefined
    const { error, stream } = read as { readonly error?: unknown; readonly stream?: unknown }
    return {
      ...(typeof error === 'string' && { error }),
      ...(typeof stream === 'string' && { stream }),
    }
  } catch {
    return undefined
  }
}
