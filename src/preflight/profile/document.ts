/** L52 to L58, and PX-01 to PX-05, which the guide gives no number: versions, spelling and order of the elements. */
import { rememberEach } from '../../base/remember.ts'
import type { Position } from '../../topology/position.ts'
import type { VpnProfile } from '../../windows/profile-xml.ts'
import { ELEMENTS, PLACED } from '../../windows/profile/elements.ts'
import { strayWords, type ProfileNote } from '../../windows/xml-values.ts'
import type { XmlElement } from '../../windows/xml.ts'
import { rename, set, value } from './edits.ts'
import { oldNames } from './name-resolution.ts'
import { childrenOf, descendants, distinctHostsOf, elementAt, isOn } from './reading.ts'
import {
  error,
  info,
  versionOf,
  warning,
  type ProfileRule,
  type Said,
  type Subject,
} from './rule.ts'

const BUTTONS = ['DisableAdvancedOptionsEditButton', 'DisableDisconnectButton']
const NUMBERS = [
  'NetworkOutageTime',
  'IPv4InterfaceMetric',
  'IPv6InterfaceMetric',
  'UseRasCredentials',
  'DataEncryption',
  'PrivateNetwork',
  'DisableIKEv2Fragmentation',
  'AlwaysOnActive',
]

/** One finding for all elements of a kind that a version does not know. */
function forWindows11(
  { profile, context }: Subject,
  names: readonly string[],
  disputed: string,
): readonly (Said | undefined)[] {
  const found = profile.document.children.filter(({ name }) => names.includes(name))
  const [first] = found
  if (first === undefined) return []
  const list = [...new Set(found.map(({ name }) => name))].join(', ')
  const fix = 'leave them out for older clients, or install two profiles'
  switch (versionOf(context)) {
    case 'windows-10':
      return [warning(first.at, `Windows 10 does not know ${list}`, fix)]
    case 'windows-11-21h2':
      return [
        info(
          first.at,
          `${list}: 21H2 has them by Microsoft's table, ${disputed} by field reports`,
          fix,
        ),
      ]
    case 'windows-11':
      return []
    case undefined:
      return [
        info(
          first.at,
          `${list}: Windows 11 only (21H2 by Microsoft's table, ${disputed} by field reports)`,
          fix,
        ),
      ]
  }
}

const buttons: ProfileRule = {
  id: 'L52',
  about: 'the switches of the settings page are for Windows 11',
  source: 'VPNv2 CSP (21H2); richardhicks/aovpn, ProfileXML_User.xml (22H2)',
  judge: (subject) => forWindows11(subject, BUTTONS, '22H2'),
}

const windows11: ProfileRule = {
  id: 'L53',
  about: 'outage time, metrics, encryption and the like are for Windows 11',
  source: 'VPNv2 CSP (21H2); richardhicks/aovpn, ProfileXML_User.xml (24H2)',
  valueFix:
    'seconds from 0 to 4294967295, metrics from 1 to 9999, DataEncryption None, Require, Max or Optional',
  judge: (subject) => forWindows11(subject, NUMBERS, '24H2'),
}

/** A file that is no XML is refused before any rule; the refusal is this rule's. */
const wellFormed: ProfileRule = {
  id: 'L54',
  about: 'the file is well-formed XML, in UTF-8 or in UTF-16 with a byte order mark',
  source: 'XML 1.0 §4.3.3; MicrosoftDocs/windowsserverdocs issues 667, 4157, 4158',
  judge: ({ file }) => [
    file.isUnmarked &&
      warning(
        { line: 1, column: 1 },
        `${file.encoding.toUpperCase()} without a byte order mark, by which XML tells it`,
        'save it as UTF-8, or as UTF-16 with a byte order mark',
      ),
  ],
}

const noted = (
  { profile }: Subject,
  code: ProfileNote['code'],
  say: (note: ProfileNote) => Said | undefined,
): readonly (Said | undefined)[] =>
  profile.notes.filter((note) => note.code === code).map((note) => say(note))

/** What another rule says with more words. */
const toldElsewhere = rememberEach((profile: VpnProfile): ReadonlySet<Position> => {
  const misplaced = profile.document.children.filter(
    ({ name }) => name === 'DisableClassBasedDefaultRoute',
  )
  return new Set([...oldNames(profile), ...misplaced].map(({ at }) => at))
})

const unknownElements: ProfileRule = {
  id: 'L55',
  about: 'Windows knows every element',
  source: 'VPNv2 CSP and DDF',
  judge: (subject) =>
    noted(subject, 'unknown-element', (note) =>
      toldElsewhere(subject.profile).has(note.at)
        ? undefined
        : warning(
            note.at,
            `Windows ignores this, or refuses the profile: ${note.message}`,
            'leave it out, or correct its name',
          ),
    ),
}

const booleans: ProfileRule = {
  id: 'L56',
  about: 'booleans are written true and false',
  source: 'XML Schema, boolean; VPNv2 DDF',
  valueFix: 'write true or false',
  judge: (subject) =>
    noted(subject, 'boolean-case', ({ at, message }) =>
      warning(
        at,
        message,
        'write true or false in small letters',
        value(at, (written) => written.toLowerCase()),
      ),
    ),
}

const letterCase: ProfileRule = {
  id: 'L57',
  about: 'elements are spelled with the letter case of the schema',
  source: 'always-on-vpn deployment guide: letter case can matter',
  judge: (subject) =>
    noted(subject, 'letter-case', (note) =>
      toldElsewhere(subject.profile).has(note.at)
        ? undefined
        : error(
            note.at,
            note.message,
            `write <${note.misspelt?.name}>`,
            note.misspelt && rename(note.misspelt.element, note.misspelt.name),
          ),
    ),
}

const strayText: ProfileRule = {
  id: 'L58',
  about: 'no text stands between elements',
  source: 'richardhicks/aovpn, ProfileXML_Entra_ConditionalAccess.xml: -->>',
  judge: (subject) => [
    ...noted(subject, 'stray-text', ({ at, message }) => stray(at, message)),
    ...eapElements(subject.profile)
      .filter(({ children, text }) => children.length > 0 && text.trim() !== '')
      .map(({ name, text, textAt }) => stray(textAt, strayWords(text, name))),
  ],
}

const stray = (at: Position, message: string): Said =>
  warning(at, message, 'remove it', value(at, ''))

/** The configuration of EAP, which nobody has looked through for strangers. */
function eapElements(profile: VpnProfile): readonly XmlElement[] {
  const written = elementAt(profile, 'NativeProfile', 'Authentication', 'Eap', 'Configuration')
  const host = profile.nativeProfile?.authentication?.eapHostConfig
  const isWithin = host !== undefined && written?.children.includes(host) === true
  return [...(isWithin ? [written] : []), ...(host === undefined ? [] : descendants(host))]
}

const missingElements: ProfileRule = {
  id: 'PX-01',
  about: 'what the schema demands is there',
  source: 'VPNv2 DDF',
  valueFix: ({ element = '' }) => `add <${element.replace(/^.*\//, '')}>`,
}

const values: ProfileRule = {
  id: 'PX-02',
  about: 'every value is of its type, and stands where it takes effect',
  source: 'VPNv2 CSP and DDF; Add-VpnConnectionTriggerDnsConfiguration',
  valueFix: ({ element }) =>
    element === 'Route/Address'
      ? 'write an address, and the length of its prefix as PrefixSize'
      : 'write one of the values that Windows takes',
  judge: ({ profile }) => [
    ...profile.trafficFilters.map(
      ({ app, routingPolicyType }) =>
        routingPolicyType !== undefined &&
        app === undefined &&
        warning(
          routingPolicyType.at,
          'RoutingPolicyType in a filter without App has no effect',
          'name the program in App/Id, or leave RoutingPolicyType out',
        ),
    ),
    ...profile.domainNameInformation.map(
      ({ webProxyServers }) =>
        webProxyServers?.value.includes(',') === true &&
        warning(webProxyServers.at, 'WebProxyServers takes one server', 'keep the first'),
    ),
    ...profile.domainNameInformation.map(
      ({ autoTrigger, dnsServers = [], domainName }) =>
        isOn(autoTrigger) &&
        dnsServers.length === 0 &&
        warning(
          autoTrigger!.at,
          `AutoTrigger of '${domainName.value}' without DnsServers: a name without them starts no tunnel`,
          'name the DNS servers, or leave AutoTrigger out',
        ),
    ),
  ],
}

const repeated: ProfileRule = {
  id: 'PX-03',
  about: 'an element that may stand once stands once',
  source: 'VPNv2 DDF',
  judge: (subject) =>
    noted(subject, 'repeated', ({ at, message }) =>
      warning(at, `${message}: the first was read here`, 'keep one of them'),
    ),
}

const order: ProfileRule = {
  id: 'PX-04',
  about: 'elements stand in the order in which Windows gives them back',
  source: 'richardhicks/aovpn, ProfileXML_User.xml and ProfileXML_Device.xml',
  judge: ({ profile, context }) =>
    versionOf(context) === 'windows-10'
      ? []
      : Object.keys(PLACED)
          .flatMap((container) => childrenOf(profile, container))
          .map(outOfOrder),
}

/** The first child that stands behind one that should follow it. */
function outOfOrder(element: XmlElement): Said | undefined {
  const order = ELEMENTS[element.name]!
  const places = element.children
    .filter(({ name }) => PLACED[element.name]!.has(name))
    .map(({ name, at }) => ({ name, at, place: order.indexOf(name) }))
  const late = places.find(({ place }, i) => i > 0 && places[i - 1]!.place > place)
  const first = late && places.find(({ place }) => place > late.place)
  return (
    first &&
    warning(
      late.at,
      `<${late.name}> stands behind <${first.name}>; Windows 11 gives it back in front, and Intune takes that for a change`,
      `move it in front of <${first.name}>`,
    )
  )
}

const machineMethod: ProfileRule = {
  id: 'PX-05',
  about: 'MachineMethod Eap stands beside UserMethod Eap, as Windows 11 gives it back',
  source: 'richardhicks/aovpn, ProfileXML_User.xml',
  judge: ({ profile, context }) => {
    const { userMethod, machineMethod } = profile.nativeProfile?.authentication ?? {}
    if (versionOf(context) === 'windows-10' || isOn(profile.deviceTunnel)) return []
    if (userMethod?.value !== 'Eap' || machineMethod !== undefined) return []
    return [
      distinctHostsOf(profile).length > 0
        ? info(
            userMethod.at,
            'Windows 11 gives UserMethod Eap back with MachineMethod Eap: Intune takes that for a change',
            'write <MachineMethod>Eap</MachineMethod> where Intune delivers to Windows 11',
            set(elementAt(profile, 'NativeProfile', 'Authentication'), 'MachineMethod', 'Eap'),
          )
        : undefined,
    ]
  },
}

export const DOCUMENT_RULES: readonly ProfileRule[] = [
  buttons,
  windows11,
  wellFormed,
  unknownElements,
  booleans,
  letterCase,
  strayText,
  missingElements,
  values,
  repeated,
  order,
  machineMethod,
]
