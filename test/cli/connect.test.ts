/** `sallyport connect` on Contoso: who gets a tunnel, who does not and what is shown, which captures are written, and what is refused as wrong use. */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { hasTshark } from '../oracle/tshark/tshark.ts'
import { emptyFolder, startedFolder, type Ran } from './sallyport.ts'

const CONTOSO = fileURLToPath(new URL('../../topologies/contoso/topology.ts', import.meta.url))

function run(...args: readonly string[]): Ran {
  using folder = emptyFolder()
  return folder.run('connect', CONTOSO, ...args)
}

test('a tunnel that stands: exit 0, with the keys that scripts rely on', () => {
  const ran = run('--client', 'laptop', '--json')
  expect(ran.status).toBe(0)
  expect(ran.stderr).toBe('')
  expect(JSON.parse(ran.stdout)).toMatchObject({
    outcome: 'connected',
    phase: 'P6',
    errorCode: null,
    innerAddress: '172.16.20.130',
    diagnosis: [],
  })
})

test('no answer: exit 1, the code that Windows shows, the cause, and the events', () => {
  const ran = run('--client', 'hotelLaptop')
  expect(ran.status).toBe(1)
  expect(ran.stdout).toContain('error 809 (ERROR_VPN_TIMEOUT)')
  expect(ran.stdout).toContain('nothing came back from vpn.contoso.com to IKE_SA_INIT, UDP 500')
  expect(ran.stdout).toContain("hotelRouter dropped the packet by rule 'hotel-blocks-udp'")
  expect(ran.stdout).toContain('20227')
  const { errorCode, innerAddress, diagnosis } = JSON.parse(
    run('--client', 'hotelLaptop', '--json').stdout,
  ) as Record<string, unknown>
  expect({ errorCode, innerAddress, diagnosis }).toEqual({
    errorCode: '809',
    innerAddress: null,
    diagnosis: [
      {
        code: 'connect/no-answer',
        at: 'hotelLaptop',
        message: 'nothing came back from vpn.contoso.com to IKE_SA_INIT, UDP 500',
      },
      {
        code: 'connect/no-answer',
        at: 'hotelLaptop',
        message: "hotelRouter dropped the packet by rule 'hotel-blocks-udp'",
      },
    ],
  })
})

test('Windows does not dial from inside: exit 1, and nothing is shown', () => {
  const ran = run('--client', 'laptop', '--network', 'office', '--json')
  expect(ran.status).toBe(1)
  expect(JSON.parse(ran.stdout)).toMatchObject({ outcome: 'not-attempted', errorCode: null })
})

test('the capture comes with a folder of keys, and the command by which it opens', () => {
  using folder = emptyFolder()
  const ran = folder.run('connect', CONTOSO, '--client', 'laptop', '--pcap', 'captures')
  expect(ran.status).toBe(0)
  const name = path.join('captures', 'connect-laptop')
  expect(ran.stdout).toContain(`WIRESHARK_CONFIG_DIR=${name}.wireshark tshark -r ${name}.pcapng`)
  const tables = readdirSync(path.join(folder.path, `${name}.wireshark`))
  expect(tables.sort()).toEqual(['esp_sa', 'ikev2_decryption_table', 'preferences'])
})

test('no key of IKE and ESP is in what is printed, or in the capture itself', () => {
  using folder = emptyFolder()
  const args = ['connect', CONTOSO, '--client', 'laptop', '--pcap', 'captures']
  const printed = [folder.run(...args), folder.run(...args, '--json')].map(({ stdout }) => stdout)
  const inFolder = (file: string) =>
    readFileSync(path.join(folder.path, 'captures', `connect-laptop${file}`))
  const tables = ['esp_sa', 'ikev2_decryption_table'].map((name) =>
    inFolder(`.wireshark/${name}`).toString(),
  )
  const keys = tables.flatMap((table) => table.match(/[0-9a-f]{32,}/g) ?? [])
  // SK_e and SK_a of both sides, and a pair of keys of each ESP SA.
  expect(keys.length).toBeGreaterThanOrEqual(8)
  const shown = [...printed, inFolder('.pcapng').toString('hex')]
  expect(shown.map((text) => keys.filter((key) => text.includes(key)))).toEqual([[], [], []])
})

test.runIf(hasTshark())('tshark opens IKE with that folder, and without it does not', () => {
  using folder = emptyFolder()
  folder.run('connect', CONTOSO, '--client', 'laptop', '--pcap', 'captures')
  const name = path.join(folder.path, 'captures', 'connect-laptop')
  const identities = (config: string): string =>
    execFileSync(
      'tshark',
      ['-r', `${name}.pcapng`, '-n', '-Y', 'isakmp', '-T', 'fields', '-e', 'eap.identity'],
      {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
        env: { ...process.env, WIRESHARK_CONFIG_DIR: config },
      },
    ).trim()
  expect(identities(`${name}.wireshark`)).toContain('ada@corp.contoso.com')
  expect(identities(folder.path)).toBe('')
})

test('the same seed is the same document', () => {
  const [first, again] = [
    run('--client', 'laptop', '--seed', '9', '--json'),
    run('--client', 'laptop', '--seed', '9', '--json'),
  ]
  expect(again.stdout).toBe(first.stdout)
})

test('help tells what is dialled', () => {
  const ran = run('--help')
  expect(ran.status).toBe(0)
  expect(ran.stdout).toContain('does this client get its tunnel, and if not, why?')
})

test.for<[args: readonly string[], complaint: RegExp]>([
  [['--client', 'laptpo'], /--client 'laptpo' is no node.*did you mean 'laptop'/],
  [['--client', 'gateway'], /gateway has no profile of a user tunnel; laptop, /],
  [['--client', 'officePc', '--tunnel', 'device'], /officePc has no profile of a device tunnel/],
  [['--client', 'laptop', '--tunnel', 'both'], /--tunnel 'both' is neither user nor device/],
  [['--client', 'laptop', '--user', 'zoe'], /there is no user 'zoe'/],
  [['--client', 'officePc'], /nobody signs in on officePc: give --user/],
  [['--client', 'laptop', '--network', 'moon'], /there is no network 'moon'/],
])('%j is refused in one line', ([args, complaint]) => {
  const ran = run(...args)
  expect(ran.status).toBe(2)
  expect(ran.stdout).toBe('')
  expect(ran.complaints).toHaveLength(1)
  expect(ran.stderr).toMatch(complaint)
})

test('a topology without users is refused: nobody could dial', () => {
  using folder = startedFolder()
  const ran = folder.run('connect', 'topology.ts')
  expect(ran.status).toBe(2)
  expect(ran.complaints).toEqual([
    "error: topology.ts: topology 'my-network' has no directory of users who could dial",
  ])
})
