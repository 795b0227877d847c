/**
 * The peer of whole authentications: FreeRADIUS made of the oracle's network, asked by eapol_test, which is started anew for each. Wall time of a
 * run from start to end, and the CPU time of both programs.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { rngFrom } from '../src/base/rng.ts'
import { compileTopology } from '../src/lab/compile.ts'
import { withNetworkPolicy } from '../src/topology/edit-nps.ts'
import type { Topology } from '../src/topology/topology.ts'
import { eapTls } from '../test/oracle/radius/peers.ts'
import { runEapol, writeCredentials } from '../test/oracle/radius/eapol.ts'
import { freeRadiusIsInstalled, startFreeRadius } from '../test/oracle/radius/freeradius.ts'
import { drawSecrets, oracleTopology, type Secrets } from '../test/oracle/radius/topology.ts'
import { clock, cpuSecondsOf, median, round } from './measure.ts'

const WARM_UP_RUNS = 5
const RUNS = 50
const HOUR_MS = 3_600_000
const POLICY = 'Virtual Private Network (VPN) Connections'

/** The oracle's network, which begins at this hour, with PAP and EAP-TLS allowed. */
export function benchNetwork(): {
  readonly secrets: Secrets
  readonly topology: Topology
} {
  const secrets = drawSecrets(rngFrom('bench'))
  const start = new Date(Math.floor(Date.now() / HOUR_MS) * HOUR_MS)
    .toISOString()
    .replace('.000', '')
  const allowing = withNetworkPolicy<string, string, string>('nps', POLICY, {
    constraints: { authentication: { pap: true, eap: [{ type: 'tls' }] } },
  })
  const topology = allowing.apply(oracleTopology(secrets, start))
  return { secrets, topology }
}

/** Undefined where a program is not installed. */
export async function timePeerEapTls(): Promise<
  { readonly cpuMs: number; readonly wallMs: number } | undefined
> {
  if (!freeRadiusIsInstalled()) return undefined
  const { secrets, topology } = benchNetwork()
  const compiled = compileTopology(topology)
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.error))
  const folder = mkdtempSync(path.join(tmpdir(), 'sallyport-eapol-'))
  const credentials = path.join(folder, 'credentials')
  writeCredentials(compiled.value, credentials)
  const server = await startFreeRadius(compiled.value)
  const run = async (): Promise<void> => {
    const { verdict, log } = await runEapol(eapTls('ada'), server, {
      directory: folder,
      credentials,
      secret: secrets.secret,
      session: 'bench',
    })
    if (verdict !== 'accept') throw new Error(`FreeRADIUS lets nobody in:\n${log}`)
  }
  const cpu = (): number => cpuSecondsOf(server.pid) + cpuSecondsOf(process.pid, true)
  try {
    for (let i = 0; i < WARM_UP_RUNS; i++) await run()
    const before = cpu()
    const walls: number[] = []
    for (let i = 0; i < RUNS; i++) {
      const begin = clock()
      await run()
      walls.push((clock() - begin) * 1e3)
    }
    return { cpuMs: round(((cpu() - before) * 1e3) / RUNS), wallMs: round(median(walls)) }
  } finally {
    await server.stop()
    rmSync(folder, { recursive: true })
  }
}
