/** On which algorithms client and gateway agree: what Windows does by itself, a policy on both sides, and the ways in which the two sides miss each other. */
import {
  compose,
  minutes,
  story,
  withVpnClient,
  type Duration,
  type IpsecPolicySpec,
  type Lab,
  type LabNode,
  type Story,
} from 'sallyport'
import { contoso } from '../../topologies/contoso/topology.ts'
import type { ContosoEdit, ContosoNode } from './certificate-edits.ts'
import {
  GROUP_14,
  withGatewayPolicy,
  withGatewayPolicyFor,
  withProfileSuite,
} from './connect-edits.ts'

/** What a client with NegotiateDH2048_AES256 offers, and the ESP of Windows' default. */
const DH2048: IpsecPolicySpec = {
  encryptionMethod: 'AES256',
  integrityCheckMethod: 'SHA256',
  dhGroup: 'Group14',
  cipherTransformConstants: 'AES256',
  authenticationTransformConstants: 'SHA196',
  pfsGroup: 'None',
}

const byPowerShell: ContosoEdit = withVpnClient('laptop', { ipsec: GROUP_14 })
const byRegistry: ContosoEdit = withVpnClient('laptop', { negotiateDh2048Aes256: 1 })

const PAGE = 'https://intranet.corp.contoso.com/'

const SA_SECONDS = 600

const withPfs = (pfsGroup: IpsecPolicySpec['pfsGroup']): ContosoEdit =>
  compose(
    withGatewayPolicyFor({ ...GROUP_14, pfsGroup }, SA_SECONDS),
    withProfileSuite(GROUP_14),
    withProfileSuite(GROUP_14, 'device'),
  )

type Context = Parameters<Story['run']>[0]

async function bothTunnels(laptop: LabNode, expect: Context['expect']): Promise<void> {
  expect(await laptop.connect({ tunnel: 'device' })).toBeConnected()
  expect(await laptop.connect()).toBeConnected()
}

/** Work goes on in both tunnels, a packet a minute: the gateway puts out who is idle. */
async function busyFor(lab: Lab<ContosoNode>, time: Duration): Promise<void> {
  for (let passed = 0; passed < time; passed += minutes(1)) {
    await lab.advance(minutes(1))
    await lab.probe({ from: 'laptop', to: 'intranet', tcp: 443 })
    await lab.probe({ from: 'laptop', to: 'dc1', udp: 53 })
  }
}

const standing = (laptop: LabNode): readonly string[] =>
  laptop.tunnels().map(({ tunnel }) => tunnel)

/** Events with which a client's connection ended, and whether the code is that of a link that failed. */
const endings = (lab: Lab<ContosoNode>): readonly (readonly [number, boolean])[] =>
  lab.trace
    .ofKind('logged')
    .flatMap(({ node, eventId, text }) =>
      node === 'laptop' && eventId === 20226 ? [[eventId, text.includes('829')] as const] : [],
    )

export const connectSuites: readonly Story[] = [
  story({
    title: 'What Windows agrees on by itself is 3DES, SHA-1 and group 2',
    teaches:
      'Every default of Windows’ client begins with it, and RRAS takes the first that it knows: whoever wants better sets it on both sides.',
    topology: contoso,
    run: async ({ laptop, expect }) => {
      const suite = 'ENCR_3DES/PRF_HMAC_SHA1/AUTH_HMAC_SHA1_96/MODP_1024'
      expect(await laptop.connect()).toBeConnected({ suite })
      expect(await laptop.connect({ tunnel: 'device' })).toBeConnected({ suite })
      expect(laptop.tunnels()).toHaveLength(2)
    },
  }),
  story({
    title: 'A policy at the gateway and the same in every profile: AES-256, SHA-256, group 14',
    teaches:
      'Set-VpnServerConfiguration on one side, CryptographySuite on the other, in words that are spelt differently and mean the same.',
    topology: compose(
      withGatewayPolicy(GROUP_14),
      withProfileSuite(GROUP_14),
      withProfileSuite(GROUP_14, 'device'),
    ).apply(contoso),
    run: async ({ laptop, expect }) => {
      for (const tunnel of ['user', 'device'] as const) {
        const report = await laptop.connect({ tunnel })
        expect(report).toBeConnected({ suite: 'ENCR_AES_CBC_256/PRF_HMAC_SHA2_256' })
        expect(report.suites?.esp).toContain('AES_GCM_16_128')
      }
      expect(await laptop.get(PAGE)).toHaveStatus(200)
    },
  }),
  story({
    title: 'A policy can be given to the client by PowerShell as well',
    teaches:
      'Set-VpnConnectionIPsecConfiguration writes into the phonebook what the profile leaves out.',
    topology: compose(withGatewayPolicy(GROUP_14), byPowerShell).apply(contoso),
    run: async ({ laptop, expect }) => {
      const report = await laptop.connect()
      expect(report).toBeConnected({ suite: 'ENCR_AES_CBC_256/PRF_HMAC_SHA2_256' })
    },
  }),
  story({
    title:
      'One registry value makes Windows offer group 14, and only a gateway that wants it takes it',
    teaches:
      'NegotiateDH2048_AES256=1 puts AES-256 with group 14 before the defaults. A gateway without a policy answers INVALID_KE_PAYLOAD and takes group 2 all the same.',
    topology: byRegistry.apply(contoso),
    run: async ({ lab, laptop, expect }) => {
      expect(await laptop.connect()).toBeConnected({ suite: 'ENCR_3DES' })
      await laptop.disconnect()
      using _ = lab.apply(withGatewayPolicy(DH2048))
      lab.reboot('gateway')
      const report = await laptop.connect()
      expect(report).toBeConnected({ suite: 'ENCR_AES_CBC_256/PRF_HMAC_SHA2_256' })
      expect(report.suites?.ike).toContain('MODP_2048')
    },
  }),
  story({
    title: 'Each word of the policy that differs is 13868, but for PfsGroup',
    teaches:
      'Cipher, integrity and group of IKE at once, those of ESP at the end. PfsGroup counts only when keys are renewed, hours later.',
    topology: compose(withGatewayPolicy(GROUP_14), withProfileSuite(GROUP_14)).apply(contoso),
    run: async ({ lab, laptop, expect }) => {
      const differing = [
        [{ encryptionMethod: 'AES128' }, 'ike-proposal-mismatch'],
        [{ integrityCheckMethod: 'SHA384' }, 'ike-proposal-mismatch'],
        [{ dhGroup: 'ECP256' }, 'ike-proposal-mismatch'],
        [
          { cipherTransformConstants: 'GCMAES256', authenticationTransformConstants: 'GCMAES256' },
          'esp-proposal-mismatch',
        ],
      ] as const
      for (const [change, failure] of differing) {
        using _ = lab.apply(withGatewayPolicy({ ...GROUP_14, ...change }))
        lab.reboot('gateway')
        expect(await laptop.connect()).toFailToConnect(failure, { windows: '13868' })
      }
      using _ = lab.apply(withGatewayPolicy({ ...GROUP_14, pfsGroup: 'ECP256' }))
      lab.reboot('gateway')
      expect(await laptop.connect()).toBeConnected()
    },
  }),
  story({
    title: 'With one PfsGroup on both sides tunnels get new keys, and nobody notices',
    teaches:
      'The first keys of ESP come from IKE; each renewal has a key exchange of its own. Here it is due after ten minutes, by default after eight hours.',
    topology: withPfs('PFS2048').apply(contoso),
    run: async ({ lab, laptop, expect }) => {
      await bothTunnels(laptop, expect)
      await busyFor(lab, minutes(12))
      expect(standing(laptop)).toEqual(['device', 'user'])
      expect(endings(lab)).toEqual([])
    },
  }),
  story({
    title: 'Another PfsGroup ends both tunnels at the first renewal of their keys, and not before',
    teaches:
      'The first child has no key exchange, so that the dial succeeds. When its time is over there are no new keys: eight hours after everybody signed in, all are put out, and Always On dials again at once.',
    topology: withPfs('ECP256').apply(contoso),
    run: async ({ lab, laptop, expect }) => {
      await bothTunnels(laptop, expect)
      await busyFor(lab, minutes(8))
      expect(standing(laptop)).toEqual(['device', 'user'])
      expect(endings(lab)).toEqual([])
      await busyFor(lab, minutes(4))
      // What the client calls it no source says: `codeOfFailedRekey`.
      expect(endings(lab)).toEqual([
        [20226, true],
        [20226, true],
      ])
      expect(standing(laptop)).toEqual(['device', 'user'])
    },
  }),
]
