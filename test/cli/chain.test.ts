/** `sallyport chain` of a node in a lab, on the topology that `init` writes. */
import { describe, expect, test } from 'vitest'
import { startedFolder, type Folder, type Ran } from './sallyport.ts'

const json = (ran: Ran): Record<string, unknown> =>
  JSON.parse(ran.stdout) as Record<string, unknown>

const chain = (folder: Folder, ...rest: readonly string[]): Ran =>
  folder.run('chain', 'topology.ts', '--on', 'laptop', '--of', 'gateway:ike', ...rest)

const EXPIRED = '2028-06-01'

describe('chain', () => {
  test('good: exit 0, the tree from the root down, and what Windows says of it', () => {
    using folder = startedFolder()
    const ran = chain(folder)
    expect(ran.status).toBe(0)
    expect(ran.stderr).toBe('')
    const lines = ran.stdout.split('\n')
    expect(lines[0]).toMatch(/^✓ gateway:ike is good to laptop \(strict, serverAuth\) at 2026-/)
    expect(lines[2]).toBe('  ✓ CN=Example Root CA  root · trusted by laptop')
    expect(ran.stdout).toContain('└─ ✓ CN=vpn.example.com  end entity\n')
    expect(ran.stdout).toContain('✓ ike-client  accepts it  on laptop\n')
  })

  test('JSON: what identifies each certificate, and a verdict for each party', () => {
    using folder = startedFolder()
    const ran = chain(folder, '--json')
    expect(ran.status).toBe(0)
    expect(json(ran)).toMatchObject({
      valid: true,
      profile: 'strict',
      purpose: 'serverAuth',
      path: [
        {
          subject: 'CN=vpn.example.com',
          thumbprint: expect.stringMatching(/^[0-9A-F]{40}$/) as string,
          serial: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
          key: 'RSA 2048',
          notAfter: expect.stringMatching(/Z$/) as string,
          isAnchor: false,
        },
        { subject: 'CN=Example Root CA', isAnchor: true },
      ],
      failures: [],
      parties: [{ as: 'ike-client', on: 'laptop', valid: true }],
    })
  })

  test('--at is the very instant that is judged, and each failure says what to reissue', () => {
    using folder = startedFolder()
    const ran = chain(folder, '--at', EXPIRED, '--json')
    expect(ran.status).toBe(1)
    expect(json(ran)).toMatchObject({
      at: '2028-06-01T00:00:00Z',
      valid: false,
      failures: [
        {
          code: 'pki/certificate-expired',
          subject: 'CN=vpn.example.com',
          fix: 'renew CN=vpn.example.com and bind the new certificate where it is used',
        },
      ],
      parties: [
        {
          as: 'ike-client',
          on: 'laptop',
          valid: false,
          code: 'pki/certificate-expired',
          windows: { code: '13801', name: 'ERROR_IPSEC_IKE_AUTH_FAIL' },
        },
      ],
    })
    const people = chain(folder, '--at', EXPIRED).stdout
    expect(people).toContain('✗ pki/certificate-expired  expired on 2027-03-01')
    expect(people).toContain('✗ ike-client  refuses it  13801 ERROR_IPSEC_IKE_AUTH_FAIL')
  })

  test('--as judges as that one alone, and --profile is its older name', () => {
    using folder = startedFolder()
    for (const option of ['--as', '--profile']) {
      const ran = chain(folder, option, 'ike-client', '--name', 'other.example.com', '--json')
      expect(ran.status).toBe(1)
      expect(json(ran)).toMatchObject({
        profile: 'ike-client',
        failures: [{ code: 'pki/name-mismatch' }],
        windows: { code: '13801' },
        parties: [],
      })
    }
    expect(folder.run('chain', '--help').stdout).not.toContain('--profile')
  })

  test('the exit status follows strict where Windows is content', () => {
    using folder = startedFolder()
    // IKEv2 does not look at the list that nobody can fetch.
    folder.edit('topology.ts', "publishedOn: 'ca1',", '')
    const ran = chain(folder, '--json')
    expect(ran.status).toBe(1)
    expect(json(ran)).toMatchObject({
      failures: [{ code: 'pki/crl-unreachable' }],
      parties: [{ as: 'ike-client', valid: true }],
    })
  })

  test.for([
    [['--on', 'nobody', '--of', 'gateway'], "--on 'nobody' is no node"],
    [['--on', 'laptop', '--of', 'gateway:web'], "gateway holds no certificate 'web', only ike"],
    [['--on', 'laptop'], 'chain needs --on and --of'],
    [['--on', 'laptop', '--of', 'gateway', '--as', 'me'], "'me' is none of the profiles"],
    [['--on', 'laptop', '--of', 'gateway', '--at', 'soon'], 'A date is written'],
  ] as const)('wrong use: %s', ([args, message]) => {
    using folder = startedFolder()
    const ran = folder.run('chain', 'topology.ts', ...args)
    expect(ran.status).toBe(2)
    expect(ran.stdout).toBe('')
    expect(ran.stderr).toContain(message)
  })
})
