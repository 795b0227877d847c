/**
 * Who judges certificates, by the names under which `chain --as` and stories ask for them, each with the settings that Windows has
 * out of the box. Not the programs: each stands in a file of its own under `relying-parties`, and takes settings.
 */
import type { RelyingPartyProfile } from '../pki/profile/profile.ts'
import { STRICT, WEBPKI } from '../pki/profile/profiles.ts'
import { gatewayDevice } from './relying-parties/gateway-device.ts'
import { ikeClient } from './relying-parties/ike-client.ts'
import { npsUser } from './relying-parties/nps-user.ts'
import { peapClient } from './relying-parties/peap-client.ts'
import { sstpClient } from './relying-parties/sstp-client.ts'
import { WINDOWS_TLS } from './relying-parties/windows-tls.ts'

export type ProfileName =
  | 'ike-client'
  | 'sstp-client'
  | 'gateway-device'
  | 'peap-client'
  | 'nps-user'
  | 'windows'
  | 'strict'
  | 'webpki'

export const PROFILES: Readonly<Record<ProfileName, RelyingPartyProfile>> = {
  'ike-client': ikeClient(),
  'sstp-client': sstpClient(),
  'gateway-device': gatewayDevice(),
  'peap-client': peapClient(),
  'nps-user': npsUser(),
  windows: WINDOWS_TLS,
  strict: STRICT,
  webpki: WEBPKI,
}
