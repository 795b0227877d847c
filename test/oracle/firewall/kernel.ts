/**
 * The judge: a Linux kernel in network namespaces of our own, driven through `kernel.py`.
 * Not a model. Builds the labs, loads rulesets, injects frames and says what came out; takes everything down again.
 */
import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { formatIpv4, formatPrefix } from '../../../src/base/address.ts'
import { toHex } from '../../../src/base/bytes.ts'
import { LABS, type Lab, type LabName, type LabNic, type LabRouter } from './labs.ts'

/** NFLOG group that says which rule decided. */
export const LOG_GROUP = 7

export interface Injected {
  readonly port: number
  readonly frame: Uint8Array
}

/** What one input led to: frames at stations, and rules that matched, both in order. */
export interface Outcome {
  readonly frames: { readonly port: number; readonly frame: Uint8Array }[]
  readonly logs: { readonly router: number; readonly tag: string }[]
}

export interface Judgement {
  /** µs of the machine's monotonic clock at which each input was sent. */
  readonly times: readonly number[]
  readonly outcomes: readonly Outcome[]
}

interface Command {
  readonly argv: readonly string[]
  readonly input?: string
  readonly namespace?: string
}

const names = Object.keys(LABS) as LabName[]
const ALL: readonly { readonly lab: LabName; readonly router: LabRouter }[] = names.flatMap((lab) =>
  LABS[lab].routers.map((router) => ({ lab, router })),
)

/** Place of a lab's routers among all routers. */
export const routersOf = (lab: LabName): readonly number[] =>
  ALL.flatMap((entry, index) => (entry.lab === lab ? [index] : []))

/** As iproute2 writes it. */
const formatMac = (mac: Uint8Array): string => toHex(mac).match(/../g)!.join(':')

const HELPER = fileURLToPath(new URL('kernel.py', import.meta.url))

/** Why this machine cannot judge, or undefined when it can. */
export function missingJudge(): string | undefined {
  if (process.getuid?.() !== 0) return 'not root: no network namespaces'
  for (const argv of [
    ['nft', '--version'],
    ['ip', '-V'],
    ['python3', '--version'],
  ] as const) {
    const [program, ...args] = argv
    if (spawnSync(program, args).status !== 0) return `${program} is not installed`
  }
  const probe = `spfw${process.pid}probe`
  const made = spawnSync('ip', ['netns', 'add', probe]).status === 0
  const table = 'table ip t {\n chain c {\n type nat hook prerouting priority 0;\n }\n}\n'
  const loads =
    made &&
    spawnSync('ip', ['netns', 'exec', probe, 'nft', '-f', '-'], { input: table }).status === 0
  if (made) spawnSync('ip', ['netns', 'del', probe])
  return loads ? undefined : 'no network namespaces with nftables here'
}

export class Kernel {
  readonly #prefix = `spfw${process.pid}`
  readonly #helper: ChildProcessWithoutNullStreams
  readonly #answers: AsyncIterator<string>
  #errors = ''

  private constructor() {
    this.#helper = spawn('python3', ['-u', HELPER])
    this.#helper.stderr.on('data', (text: Buffer) => {
      this.#errors += String(text)
    })
    this.#answers = createInterface({ input: this.#helper.stdout })[Symbol.asyncIterator]()
  }

  static async start(): Promise<Kernel> {
    const kernel = new Kernel()
    try {
      await kernel.#build()
    } catch (error) {
      await kernel.stop()
      throw error
    }
    return kernel
  }

  /** The helper takes its namespaces down when nobody talks to it any more. */
  async stop(): Promise<void> {
    if (this.#helper.exitCode !== null) return
    const gone = once(this.#helper, 'exit')
    this.#helper.stdin.end()
    await gone
  }

  /** Load rulesets and sysctls into a lab's routers and forget their sessions. */
  async load(
    lab: LabName,
    rulesets: readonly { readonly nft: string; readonly sysctls: string }[],
  ): Promise<void> {
    const routers = routersOf(lab)
    await this.#run(
      routers.flatMap((router, i) => {
        const { nft, sysctls } = rulesets[i]!
        const namespace = this.#router(router)
        const load = { argv: ['nft', '-f', '-'], input: nft, namespace }
        const tune = { argv: ['sysctl', '-q', '-p', '-'], input: sysctls, namespace }
        return sysctls === '' ? [load] : [load, tune]
      }),
    )
    await this.#ask({ op: 'flush', routers })
  }

  async inject(lab: LabName, inputs: readonly Injected[]): Promise<Judgement> {
    const parts = inputs.flatMap(({ port, frame }) => [
      Uint8Array.of(port, frame.length >>> 8, frame.length & 255),
      frame,
    ])
    const answer = await this.#ask({
      op: 'batch',
      routers: routersOf(lab),
      frames: Buffer.concat(parts).toString('base64'),
    })
    const outcomes: Outcome[] = inputs.map(() => ({ frames: [], logs: [] }))
    const data = Buffer.from(answer['records'] as string, 'base64')
    for (let at = 0; at < data.length;) {
      const outcome = outcomes[data.readUInt32BE(at)]!
      const who = data[at + 5]!
      const end = at + 8 + data.readUInt16BE(at + 6)
      const bytes = data.subarray(at + 8, end)
      if (data[at + 4] === 0) outcome.frames.push({ port: who, frame: Uint8Array.from(bytes) })
      else outcome.logs.push({ router: who, tag: bytes.toString() })
      at = end
    }
    return { times: answer['times'] as number[], outcomes }
  }

  async clock(): Promise<number> {
    return (await this.#ask({ op: 'clock' }))['now'] as number
  }

  get #stations(): string {
    return `${this.#prefix}s`
  }

  #router(index: number): string {
    return `${this.#prefix}r${index}`
  }

  async #build(): Promise<void> {
    await this.#run([
      ...this.#namespace(this.#stations, []),
      ...ALL.flatMap((_entry, index) => this.#namespace(this.#router(index), ROUTER_SYSCTLS)),
      ...names.flatMap((lab) => this.#cables(LABS[lab], routersOf(lab))),
      ...ALL.flatMap(({ lab, router }, index) => this.#configure(LABS[lab], router, index)),
    ])
    const ports = names.flatMap((lab) => LABS[lab].networks.flatMap(({ port }) => port ?? []))
    await this.#ask({
      op: 'open',
      namespace: this.#stations,
      interfaces: ports.map((port) => `s${port}`),
      routers: ALL.map((_entry, index) => this.#router(index)),
      group: LOG_GROUP,
    })
  }

  #namespace(name: string, sysctls: readonly string[]): readonly Command[] {
    const set = ['net.ipv6.conf.all.disable_ipv6=1', 'net.ipv6.conf.default.disable_ipv6=1']
    return [
      { argv: ['ip', 'netns', 'add', name] },
      { argv: ['sysctl', '-qw', ...set, ...sysctls], namespace: name },
      { argv: ['ip', 'link', 'set', 'lo', 'up'], namespace: name },
    ]
  }

  #cables(lab: Lab, routers: readonly number[]): readonly Command[] {
    return lab.networks.flatMap((network) => {
      const ends = lab.routers.flatMap((router, i) =>
        router.nics
          .filter((nic) => nic.network === network.name)
          .map((nic) => ({
            namespace: this.#router(routers[i]!),
            device: nic.device,
            mac: nic.mac,
          })),
      )
      if (network.port !== undefined)
        ends.push({
          namespace: this.#stations,
          device: `s${network.port}`,
          mac: network.stationMac,
        })
      const [a, b] = ends
      const side = (end: typeof a): string[] => [
        end!.device,
        'netns',
        end!.namespace,
        'address',
        formatMac(end!.mac),
      ]
      const add = ['ip', 'link', 'add', ...side(a), 'type', 'veth', 'peer', 'name', ...side(b)]
      return [
        { argv: add },
        ...ends.flatMap(({ device, namespace }) => [
          {
            argv: ['ip', 'link', 'set', device, 'mtu', String(network.mtu), 'arp', 'off'],
            namespace,
          },
          { argv: ['ip', 'link', 'set', device, 'up'], namespace },
        ]),
      ]
    })
  }

  #configure(lab: Lab, router: LabRouter, index: number): readonly Command[] {
    const lines = router.nics.flatMap((nic) => [
      `link set ${nic.device} arp on`,
      `addr add ${formatIpv4(nic.address)}/${nic.prefixLength} dev ${nic.device}`,
      ...neighboursOf(lab, nic).map(
        ([address, mac]) =>
          `neigh replace ${address} lladdr ${mac} dev ${nic.device} nud permanent`,
      ),
    ])
    for (const { to, via } of router.routes)
      lines.push(`route add ${formatPrefix(to)} via ${formatIpv4(via)}`)
    const input = lines.join('\n')
    return [{ argv: ['ip', '-batch', '-'], input, namespace: this.#router(index) }]
  }

  async #run(commands: readonly Command[]): Promise<void> {
    await this.#ask({ op: 'run', commands })
  }

  async #ask(request: object): Promise<Record<string, unknown>> {
    this.#helper.stdin.write(`${JSON.stringify(request)}\n`)
    const line = await this.#answers.next()
    if (line.done === true) throw new Error(`kernel.py ended: ${this.#errors}`)
    const answer = JSON.parse(line.value) as Record<string, unknown>
    if (answer['error'] !== undefined)
      throw new Error(`kernel.py: ${JSON.stringify(answer['error'])}`)
    return answer
  }
}

function neighboursOf(lab: Lab, nic: LabNic): readonly (readonly [string, string])[] {
  const network = lab.networks.find(({ name }) => name === nic.network)!
  const stations = network.stations.map(
    (address) => [formatIpv4(address), formatMac(network.stationMac)] as const,
  )
  const routers = lab.routers
    .flatMap((router) => router.nics)
    .filter((other) => other.network === nic.network && other !== nic)
    .map((other) => [formatIpv4(other.address), formatMac(other.mac)] as const)
  return [...stations, ...routers]
}

// No rate limits, no redirects, no reverse-path filter: what is compared is the firewall.
const ROUTER_SYSCTLS = [
  'net.ipv4.ip_forward=1',
  'net.ipv4.conf.all.rp_filter=0',
  'net.ipv4.conf.default.rp_filter=0',
  'net.ipv4.conf.all.send_redirects=0',
  'net.ipv4.conf.default.send_redirects=0',
  'net.ipv4.icmp_ratemask=0',
  'net.ipv4.icmp_ratelimit=0',
]
