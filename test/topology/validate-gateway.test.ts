/** What Windows would refuse of a VPN gateway's and a client's settings is said in one sentence; what it would take, however unwise, passes. */
import { expect, test } from 'vitest'
import { days, minutes, seconds } from '../../src/base/time.ts'
import { complaints } from './complaints.ts'

const GATEWAY = 'nodes.pc.services.4'
const CLIENT = 'nodes.pc.vpnClient'

test.for<[path: string, value: unknown, told: string]>([
  [
    `${GATEWAY}.ipsec.customPolicy.encryptionMethod`,
    'AES_GCM_128',
    "ipsec.customPolicy.encryptionMethod: 'AES_GCM_128' is not one of DES, DES3, AES128, AES192, AES256, GCMAES128, GCMAES256",
  ],
  [
    `${GATEWAY}.ipsec.customPolicy.encryptionMethod`,
    'AES-128',
    "ipsec.customPolicy.encryptionMethod: 'AES-128' is not one of DES, DES3, AES128, AES192, AES256, GCMAES128, GCMAES256; did you mean 'AES128'?",
  ],
  [
    `${GATEWAY}.ipsec.customPolicy.integrityCheckMethod`,
    'SHA-256',
    "ipsec.customPolicy.integrityCheckMethod: 'SHA-256' is not one of MD5, SHA1, SHA256, SHA384; did you mean 'SHA256'?",
  ],
  [
    `${GATEWAY}.ipsec.customPolicy.pfsGroup`,
    undefined,
    'ipsec.customPolicy.pfsGroup: is missing (None, PFS1, PFS2, PFS2048, ECP256, ECP384, PFSMM, PFS24)',
  ],
  [
    `${GATEWAY}.ipsec.customPolicy.DHGroup`,
    'Group14',
    "ipsec.customPolicy.DHGroup: unknown key 'DHGroup'; did you mean 'dhGroup'?",
  ],
  [`${GATEWAY}.ipsec.saLifeTimeSeconds`, 299, 'ipsec.saLifeTimeSeconds: 299 is below 300'],
  [
    `${GATEWAY}.ipsec.mmSaLifeTimeSeconds`,
    17_280_000,
    'ipsec.mmSaLifeTimeSeconds: 17280000 is above 17279999',
  ],
  [
    `${GATEWAY}.ipsec.saDataSizeForRenegotiationKilobytes`,
    1000,
    'ipsec.saDataSizeForRenegotiationKilobytes: 1000 is below 1024',
  ],
  [`${GATEWAY}.ports.ikev2`, 30_001, 'ports.ikev2: 30001 is above 30000'],
  [`${GATEWAY}.ports.ikev2`, -1, 'ports.ikev2: -1 is below 0'],
  [`${GATEWAY}.ports.l2tp`, 1, "ports.l2tp: unknown key 'l2tp'"],
  [
    `${GATEWAY}.idleDisconnect`,
    minutes(4),
    'idleDisconnect: is 4 min: Windows takes at least 300 s',
  ],
  [
    `${GATEWAY}.idleDisconnect`,
    days(200),
    'idleDisconnect: is 200 d: Windows takes at most 17279999 s',
  ],
  [`${GATEWAY}.networkOutage`, seconds(60), 'networkOutage: is 60 s: Windows takes at least 120 s'],
  [`${GATEWAY}.negotiateTime`, seconds(0), 'negotiateTime: is 0 µs: Windows takes at least 1 s'],
  [
    `${GATEWAY}.authentication`,
    ['eap', 'certificat'],
    "authentication[1]: 'certificat' is not one of eap, certificate; did you mean 'certificate'?",
  ],
  [`${GATEWAY}.authentication`, [], 'authentication: is empty: nobody could prove who they are'],
  [
    `${GATEWAY}.addressAssignment`,
    'dhcp',
    'addressAssignment: says again where addresses come from: `pool` does, too',
  ],
  [
    `${GATEWAY}.addressAssignment`,
    'dchp',
    "addressAssignment: 'dchp' is not one of dhcp; did you mean 'dhcp'?",
  ],
  [
    `${GATEWAY}.addressAssignment`,
    { pool: '10.99.0.1/24' },
    "addressAssignment.pool: '10.99.0.1/24' has host bits set; did you mean 10.99.0.0/24?",
  ],
  [`${GATEWAY}.dnsServers`, ['dc1'], "dnsServers[0]: 'dc1' is not an IPv4 address"],
  [`${GATEWAY}.maxSasPerPeer`, 0, 'maxSasPerPeer: 0 is below 1'],
  [`${GATEWAY}.isRunnig`, true, "isRunnig: unknown key 'isRunnig'; did you mean 'isRunning'?"],
])('$0 = $1', ([path, value, told]) => {
  expect(complaints(path, value)).toContain(`nodes.pc.services[4].${told}`)
})

test.for<[path: string, value: unknown, told: string]>([
  [
    `${CLIENT}.edition`,
    'enterprize',
    "edition: 'enterprize' is not one of pro, enterprise, education; did you mean 'enterprise'?",
  ],
  [`${CLIENT}.negotiateDh2048Aes256`, 3, 'negotiateDh2048Aes256: 3 is not 0 or 1 or 2'],
  [
    `${CLIENT}.disableMobility`,
    true,
    'networkOutageTime: needs mobility, which disableMobility switches off',
  ],
  [
    `${CLIENT}.networkOutageTime`,
    seconds(-1),
    'networkOutageTime: is -1 s: Windows takes at least 0 s',
  ],
  [
    `${CLIENT}.disabledProfiles`,
    ['a/b'],
    "disabledProfiles[0]: 'a/b' is no profile's name: '/' cannot be in one",
  ],
  [
    `${CLIENT}.ipsec.cipherTransformConstants`,
    'AES_128',
    "ipsec.cipherTransformConstants: 'AES_128' is not one of DES, DES3, AES128, AES192, AES256, GCMAES128, GCMAES192, GCMAES256, None; did you mean 'AES128'?",
  ],
])('$0 = $1', ([path, value, told]) => {
  expect(complaints(path, value)).toContain(`nodes.pc.vpnClient.${told}`)
})

test.for<[why: string, path: string, value: unknown]>([
  ['a weak policy', `${GATEWAY}.ipsec.customPolicy.encryptionMethod`, 'DES'],
  ['two ciphers for one ESP', `${GATEWAY}.ipsec.customPolicy.cipherTransformConstants`, 'AES256'],
  ['no ports at all', `${GATEWAY}.ports`, { ikev2: 0, sstp: 0 }],
  ['a pool of one address', `${GATEWAY}.pool`, '10.99.0.1/32'],
  ['no certificates for a device tunnel', `${GATEWAY}.authentication`, ['eap']],
  ['a service that is stopped', `${GATEWAY}.isRunning`, false],
  ['an outage that never ends', `${CLIENT}.networkOutageTime`, seconds(0)],
])('%s', ([, path, value]) => {
  expect(complaints(path, value)).toEqual([])
})

test('addresses by DHCP, and a pool written out', () => {
  const gateway = { service: 'vpn-gateway', certificate: 'ike' }
  expect(complaints(GATEWAY, { ...gateway, addressAssignment: 'dhcp' })).toEqual([])
  const pool = { addressAssignment: { pool: '10.99.0.0/24' } }
  expect(complaints(GATEWAY, { ...gateway, ...pool })).toEqual([])
})
