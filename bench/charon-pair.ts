/**
 * The peer of a connection: two charon daemons in two namespaces with a cable between them, the gateway with FreeRADIUS beside it, made of the
 * oracle's network. The client proves itself by EAP-TLS, for Debian's charon has no PEAP; ESP is carried in user space on both sides.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface, type Interface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { rngFrom } from '../src/base/rng.ts'
import { compileTopology, type Compiled } from '../src/lab/compile.ts'
import {
  CHILD_NAME,
  renderStrongSwanClient,
  type StrongSwanFiles,
} from '../src/replica/render/strongswan.ts'
import { compose } from '../src/topology/edit.ts'
import { withGatewayIpsec, withVpnClient } from '../src/topology/edit-gateway.ts'
import type { IpsecPolicySpec } from '../src/topology/ipsec.ts'
import { prepareCharonGateway, type CharonGateway } from '../test/oracle/ikev2/charon-gateway.ts'
import { Charon } from '../test/oracle/ikev2/charon.ts'
import { missingJudge } from '../test/oracle/ikev2/namespace.ts'
import {
  CLIENT_AT,
  DOMAIN,
  drawSecrets,
  GATEWAY_AT,
  GATEWAY_NAME,
  INSIDE_HOST,
  NPS_NAME,
  oracleTopology,
} from '../test/oracle/ikev2/topology.ts'
import { clock, cpuSecondsOf } from './measure.ts'
import { Vici } from './vici.ts'

const ECHO = fileURLToPath(new URL('echo.py', import.meta.url))
const HOUR_MS = 3_600_000
const PATIENCE_S = 10
/** As vici has it: milliseconds, and no log. */
const PATIENCE = { timeout: `${PATIENCE_S * 1000}`, loglevel: '0' } as const
const LOG_CHARACTERS = 2000

/** Why there is no peer on this machine; undefined: there is one. */
export const missingCharon = missingJudge

interface Files {
  readonly gateway: StrongSwanFiles
  readonly client: StrongSwanFiles
}

/** Both daemons, with FreeRADIUS up and namespaces wired before either begins. */
export class CharonPair {
  readonly #gateway: CharonGateway
  readonly #client: Charon
  readonly #compiledFor: (ipsec?: IpsecPolicySpec) => Compiled
  readonly #echo: ChildProcess
  readonly #lines: Interface
  #vici: Vici | undefined

  private constructor(
    gateway: CharonGateway,
    client: Charon,
    compiledFor: (ipsec?: IpsecPolicySpec) => Compiled,
  ) {
    this.#gateway = gateway
    this.#client = client
    this.#compiledFor = compiledFor
    const [program, args] = this.#client.namespace.command('python3', ECHO)
    this.#echo = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#lines = createInterface({ input: this.#echo.stdout! })
  }

  static async #prepare(): Promise<CharonPair> {
    const secrets = drawSecrets(rngFrom('bench'))
    // The whole hour before: certificates must be good by the machine's own clock.
    const start = new Date(Math.floor(Date.now() / HOUR_MS) * HOUR_MS)
    const base = oracleTopology(secrets, start.toISOString().replace('.000', ''))
    const compiledFor = (ipsec?: IpsecPolicySpec): Compiled => {
      const policies =
        ipsec === undefined
          ? base
          : compose(withGatewayIpsec('gateway', ipsec), withVpnClient('laptop', { ipsec })).apply(
              base,
            )
      const compiled = compileTopology(policies)
      if (!compiled.ok) throw new Error(JSON.stringify(compiled.error))
      return compiled.value
    }
    const compiled = compiledFor()
    const gateway = await prepareCharonGateway(compiled, secrets.radius, {
      there: [],
      behind: [`${INSIDE_HOST}/32`],
    })
    try {
      const from = gateway.charon.namespace
      const client = await Charon.prepare(
        { from, here: [`${GATEWAY_AT}/24`], there: [`${CLIENT_AT}/24`], behind: [] },
        (directory) => Promise.resolve(clientFiles(compiled, directory)),
      )
      const pair = new CharonPair(gateway, client, compiledFor)
      await pair.#said('ready')
      return pair
    } catch (thrown) {
      await gateway.stop()
      throw thrown
    }
  }

  static async start(): Promise<CharonPair> {
    const pair = await CharonPair.#prepare()
    try {
      await pair.#begin()
      return pair
    } catch (thrown) {
      await pair.stop()
      throw thrown
    }
  }

  /** Milliseconds from the start of both daemons, which then read their files, to an answered echo. FreeRADIUS and the namespaces stand before. */
  static async fromNothing(ipsec: IpsecPolicySpec | undefined): Promise<number> {
    const pair = await CharonPair.#prepare()
    try {
      const files = pair.#filesFor(ipsec)
      const begin = clock()
      await pair.#begin()
      await pair.#load(files)
      await pair.#initiate()
      await pair.#ping()
      return (clock() - begin) * 1e3
    } finally {
      await pair.stop()
    }
  }

  async #begin(): Promise<void> {
    await Promise.all([this.#gateway.charon.begin(), this.#client.begin()])
    this.#vici = await Vici.open(`${this.#client.directory}/charon.vici`)
  }

  /** What both are to offer and accept from now on. `ipsec`: absent, Windows' defaults, as far as charon can be told of them. */
  use(ipsec: IpsecPolicySpec | undefined): Promise<void> {
    return this.#load(this.#filesFor(ipsec))
  }

  #filesFor(ipsec: IpsecPolicySpec | undefined): Files {
    const compiled = this.#compiledFor(ipsec)
    return {
      gateway: this.#gateway.render(compiled),
      client: clientFiles(compiled, this.#client.directory),
    }
  }

  async #load({ gateway, client }: Files): Promise<void> {
    await Promise.all([this.#gateway.charon.load(gateway), this.#client.load(client)])
  }

  /**
   * Milliseconds from the command to the answered echo; the connection is gone when this resolves. `by`: a request at charon's own socket,
   * or the program that an operator starts.
   */
  async run(by: 'vici' | 'swanctl'): Promise<number> {
    const begin = clock()
    if (by === 'vici') await this.#initiate()
    else if (!(await this.#client.initiate(CHILD_NAME, PATIENCE_S)))
      throw new Error(`charon does not connect:\n${this.#client.log().slice(-LOG_CHARACTERS)}`)
    await this.#ping()
    const ms = (clock() - begin) * 1e3
    await this.#terminate()
    return ms
  }

  #initiate(): Promise<void> {
    return this.#vici!.must('initiate', { child: CHILD_NAME, ...PATIENCE })
  }

  #terminate(): Promise<void> {
    return this.#vici!.must('terminate', { ike: CHILD_NAME, ...PATIENCE })
  }

  async #ping(): Promise<void> {
    const answered = this.#said('answered')
    this.#echo.stdin!.write(`${INSIDE_HOST}\n`)
    await answered
  }

  /** The next line of `echo.py`. */
  #said(word: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#lines.once('line', (line) => {
        if (line === word) resolve()
        else reject(new Error(`echo.py: ${line} in place of ${word}`))
      })
    })
  }

  /** What a connection comes to: `3DES_CBC/HMAC_SHA1_96/PRF_HMAC_SHA1/MODP_1024`. */
  async suite(): Promise<{ readonly ike: string; readonly esp: string }> {
    await this.#initiate()
    const [sa] = await this.#client.sas()
    await this.#terminate()
    return { ike: sa?.suite ?? '', esp: sa?.children[0]?.suite ?? '' }
  }

  /** Both daemons and FreeRADIUS, since they were started. */
  cpuSeconds(): number {
    const pids = [
      this.#gateway.radiusPid,
      ...[this.#gateway.charon, this.#client].map(({ namespace }) => Number(namespace.pid)),
    ]
    return pids.reduce((sum, pid) => sum + cpuSecondsOf(pid), 0)
  }

  async stop(): Promise<void> {
    this.#echo.stdin!.end()
    this.#vici?.close()
    await this.#client.stop()
    await this.#gateway.stop()
  }
}

const clientFiles = (compiled: Compiled, directory: string) =>
  renderStrongSwanClient({
    compiled,
    node: 'laptop',
    directory,
    proof: {
      kind: 'eap-tls',
      certificate: 'ada',
      identity: `ada@${DOMAIN}`,
      serverName: NPS_NAME,
    },
    gateway: { address: GATEWAY_AT, name: GATEWAY_NAME },
  })
