/**
 * `strongswan.conf`: which plugins charon loads, where it keeps its socket and its log, and whom it asks for EAP. ESP is carried in user space
 * (`kernel-libipsec`, in UDP only), because a kernel without AES-GCM or without ESP is common in containers. Not connections: `swanctl.conf`.
 */
import type { RenderedFile } from '../named.ts'
import { include, section, setting, settingIf, type Lines } from './text.ts'

/** One RADIUS server, as eap-radius is told. */
export interface EapRadiusServer {
  readonly address: string
  readonly secret: string
  readonly authenticationPort?: number
  readonly accountingPort?: number
}

export interface CharonSettings {
  /** Absolute path of the folder that holds everything of this charon. */
  readonly directory: string
  readonly radius?: readonly EapRadiusServer[]
  /** Report sessions to the RADIUS servers, too. */
  readonly accounts?: boolean
  /** Bytes of an IP packet with a fragment of IKE (RFC 7383). Default 1280, charon's own. */
  readonly fragmentSize?: number
  /** With so many SAs half open, strangers must bring a cookie. Default 30, charon's own. */
  readonly cookiesFrom?: number
}

/** The mark of what charon itself sends: it must not go into its own tunnel, where that takes all traffic. */
const OWN_TRAFFIC_MARK = '0x42'
const PLUGINS = [
  'random nonce x509 revocation constraints pubkey pkcs1 pkcs8 pem openssl gcrypt md5 sha1 sha2 hmac kdf gmp',
  'kernel-libipsec kernel-netlink socket-default vici resolve',
  'eap-identity eap-tls eap-mschapv2 eap-radius',
].join(' ')

/** Seconds after which charon asks again, and how often, as the twin's engine does. */
const RETRANSMISSION: Lines = [
  setting('retransmit_timeout', '1.0'),
  setting('retransmit_base', '2.0'),
  setting('retransmit_tries', 4),
]

/** Beside `strongswan.conf`, which includes it: the RADIUS servers, and the secrets that only they know. */
const RADIUS_FILE = 'radius.conf'

/** `strongswan.conf`, and with RADIUS servers the file that has their secrets. */
export function daemonFiles(settings: CharonSettings): readonly RenderedFile[] {
  const { directory, fragmentSize, cookiesFrom, radius = [] } = settings
  const lines = section(
    'charon',
    setting('load', PLUGINS),
    RETRANSMISSION,
    settingIf('fragment_size', fragmentSize),
    settingIf('cookie_threshold', cookiesFrom),
    // IPv6 has no part in this, and waits for addresses that are still tentative.
    setting('install_virtual_ip_on', 'ipsec0'),
    section(
      'plugins',
      section('vici', setting('socket', `unix://${directory}/charon.vici`)),
      section('kernel-libipsec', setting('load', 'yes'), setting('allow_peer_ts', 'yes')),
      section('kernel-netlink', setting('fwmark', `!${OWN_TRAFFIC_MARK}`)),
      section('socket-default', setting('fwmark', OWN_TRAFFIC_MARK), setting('use_ipv6', 'no')),
      // Never the machine's own resolv.conf.
      section('resolve', setting('file', `${directory}/resolv.conf`)),
      radiusSection(settings),
    ),
    section(
      'filelog',
      section(
        'file',
        setting('path', `${directory}/charon.log`),
        setting('default', 1),
        setting('flush_line', 'yes'),
      ),
    ),
  )
  const file = (name: string, all: Lines): RenderedFile => ({ name, text: `${all.join('\n')}\n` })
  return [
    file('strongswan.conf', lines),
    ...(radius.length === 0
      ? []
      : [{ ...file(RADIUS_FILE, serversSection(radius)), isMadeAtStart: true as const }]),
  ]
}

const radiusSection = ({ radius = [], accounts = false }: CharonSettings): Lines =>
  radius.length === 0
    ? []
    : section('eap-radius', setting('accounting', accounts ? 'yes' : 'no'), include(RADIUS_FILE))

function serversSection(radius: readonly EapRadiusServer[]): Lines {
  const servers = radius.map(
    ({ address, secret, authenticationPort, accountingPort }, place): Lines =>
      section(
        `server-${place + 1}`,
        setting('address', address),
        setting('secret', secret),
        settingIf('auth_port', authenticationPort),
        settingIf('acct_port', accountingPort),
      ),
  )
  return section('servers', ...servers)
}
