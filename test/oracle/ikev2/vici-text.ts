/**
 * What `swanctl --list-sas --raw` prints: `list-sa event {name {key=value list=[a b] section {…}}}` on one line each. Not vici's own encoding.
 */

export interface CharonChild {
  readonly name: string
  readonly state: string
  /** As charon has them: `AES_CBC-256/HMAC_SHA1_96`, with the group of the last renewal behind. */
  readonly suite: string
  /** Hexadecimal, 8 digits: in packets that charon receives, and in those that it sends. */
  readonly spiIn: string
  readonly spiOut: string
  readonly encapsulates: boolean
  readonly group: string | undefined
}

export interface CharonSa {
  readonly name: string
  readonly uniqueId: string
  readonly state: string
  readonly spiI: string
  readonly spiR: string
  readonly local: string
  readonly remote: string
  readonly remoteId: string
  readonly remoteEapId: string | undefined
  readonly suite: string
  readonly localVips: readonly string[]
  readonly remoteVips: readonly string[]
  readonly children: readonly CharonChild[]
}

type Value = string | readonly string[] | Section
interface Section {
  readonly [key: string]: Value
}

export const readSas = (text: string): readonly CharonSa[] =>
  text.split('\n').flatMap((line) => {
    const at = line.indexOf('{')
    if (!line.startsWith('list-sa event') || at < 0) return []
    return Object.entries(parse(line.slice(at))).flatMap(([name, value]) =>
      isSection(value) ? [saOf(name, value)] : [],
    )
  })

function parse(text: string): Section {
  const tokens = text.match(/[{}[\]]|[^\s{}[\]=]+=?|=/g) ?? []
  let at = 1
  const list = (): readonly string[] => {
    const items: string[] = []
    for (at++; tokens[at] !== ']' && at < tokens.length; at++) items.push(tokens[at]!)
    at++
    return items
  }
  const section = (): Section => {
    const entries: [string, Value][] = []
    while (at < tokens.length && tokens[at] !== '}') {
      const token = tokens[at++]!
      if (!token.endsWith('=')) {
        at++
        entries.push([token, section()])
        continue
      }
      const key = token.slice(0, -1)
      if (tokens[at] === '[') {
        entries.push([key, list()])
        continue
      }
      // Identities have blanks and equals signs: up to what looks like the next key, or an end.
      const words: string[] = []
      while (at < tokens.length && !isNext(tokens, at)) words.push(tokens[at++]!)
      entries.push([key, words.join(' ').replaceAll('= ', '=')])
    }
    at++
    return Object.fromEntries(entries)
  }
  return section()
}

/** Keys of vici are lower case with dashes; the parts of a distinguished name are upper case. */
const isNext = (tokens: readonly string[], at: number): boolean =>
  /^[{}[\]]$/.test(tokens[at]!) || /^[a-z][a-z0-9-]*=$/.test(tokens[at]!) || tokens[at + 1] === '{'

const isSection = (value: Value | undefined): value is Section =>
  typeof value === 'object' && !Array.isArray(value)
const textOf = (section: Section, key: string): string => {
  const value = section[key]
  return typeof value === 'string' ? value : ''
}
const listOf = (section: Section, key: string): readonly string[] => {
  const value = section[key]
  return Array.isArray(value) ? (value as readonly string[]) : []
}

function saOf(name: string, section: Section): CharonSa {
  const text = (key: string): string => textOf(section, key)
  const children = section['child-sas']
  const eapId = text('remote-eap-id')
  return {
    name,
    uniqueId: text('uniqueid'),
    state: text('state'),
    spiI: text('initiator-spi'),
    spiR: text('responder-spi'),
    local: `${text('local-host')}:${text('local-port')}`,
    remote: `${text('remote-host')}:${text('remote-port')}`,
    remoteId: text('remote-id'),
    remoteEapId: eapId === '' ? undefined : eapId,
    suite: suiteOf(section, ['encr', 'integ', 'prf', 'dh']),
    localVips: listOf(section, 'local-vips'),
    remoteVips: listOf(section, 'remote-vips'),
    children: isSection(children)
      ? Object.values(children).flatMap((child) => (isSection(child) ? [childOf(child)] : []))
      : [],
  }
}

function childOf(section: Section): CharonChild {
  const text = (key: string): string => textOf(section, key)
  const group = text('dh-group')
  return {
    name: text('name'),
    state: text('state'),
    suite: suiteOf(section, ['encr', 'integ']),
    spiIn: text('spi-in'),
    spiOut: text('spi-out'),
    encapsulates: text('encap') === 'yes',
    group: group === '' ? undefined : group,
  }
}

const suiteOf = (section: Section, kinds: readonly string[]): string =>
  kinds
    .flatMap((kind) => {
      const name = textOf(section, kind === 'dh' ? 'dh-group' : `${kind}-alg`)
      const bits = textOf(section, `${kind}-keysize`)
      return name === '' ? [] : [bits === '' ? name : `${name}-${bits}`]
    })
    .join('/')
