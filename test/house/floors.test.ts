/** The house plan, kept: imports point down, packages enter by their one door, and what must repeat asks no clock and no chance. */
import { expect, test } from 'vitest'
import { sourcesBelow, targetOf, type Source } from './sources.ts'

/** Rooms from the ground up. Within a row a room may use those to its left. */
const FLOORS: readonly (readonly string[])[] = [
  ['base'],
  ['wire', 'crypto', 'topology'],
  ['pki', 'directory', 'windows'],
  ['engine'],
  ['net'],
  ['node'],
  ['lab'],
  ['diagnose', 'preflight', 'verify'],
  ['scenario', 'what-if', 'walkthrough', 'interop', 'live', 'replica'],
  ['cli', 'studio'],
]

/** A room that grew a staircase of its own: its folders from the ground up, every file in one of them. */
const STAIRCASES: Readonly<Record<string, readonly string[]>> = {
  pki: [
    'encoding',
    'certificate',
    'keys',
    'profile',
    'revocation',
    'path',
    'files',
    'mirror',
    'issuing',
  ],
}

/** Uses of the lab that must not know each other. */
const STRANGERS = ['scenario', 'what-if', 'walkthrough', 'interop', 'live', 'replica']

/** The files that may import a package. Every package that `src` uses stands here. */
const DOORS: Readonly<Record<string, readonly string[]>> = {
  netmask: ['src/base/address.ts'],
  'ts-morph': ['src/topology/source.ts'],
  'node-forge': ['src/pki/certificate/forge.ts'],
  saxes: ['src/windows/xml.ts'],
  jiti: ['src/lab/load.ts'],
  dockerode: ['src/replica/engine.ts'],
}

/** Packages that belong to whole rooms. */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  vitest: ['scenario', 'cli'],
  zod: ['topology'],
  commander: ['cli'],
  '@commander-js/extra-typings': ['cli'],
  picocolors: ['cli'],
  'cli-table3': ['cli'],
}

const sources = sourcesBelow('src')
const roomOf = (path: string): string | undefined => /^src\/([^/]+)\//.exec(path)?.[1]

function rank(room: string): readonly [number, number] {
  const floor = FLOORS.findIndex((rooms) => rooms.includes(room))
  return [floor, FLOORS[floor]?.indexOf(room) ?? -1]
}

function isUpward(from: string, to: string): boolean {
  if (from === to) return false
  if (STRANGERS.includes(from) && STRANGERS.includes(to)) return true
  const [[fromFloor, fromAt], [toFloor, toAt]] = [rank(from), rank(to)]
  return toFloor > fromFloor || (toFloor === fromFloor && toAt > fromAt)
}

const each = <T>(judge: (source: Source) => readonly T[]): readonly T[] => sources.flatMap(judge)

test('every room stands on a floor', () => {
  const rooms = new Set(
    sources.map((source) => roomOf(source.path)).filter((room) => room !== undefined),
  )
  expect([...rooms].filter((room) => rank(room)[0] === -1)).toEqual([])
})

test('every import points down', () => {
  const upward = each((source) => {
    const from = roomOf(source.path)
    if (from === undefined) return []
    return source.imports
      .filter(({ from: target }) => target.startsWith('.'))
      .map((found) => ({ ...found, to: roomOf(targetOf(source, found.from)) }))
      .filter(({ to }) => to === undefined || isUpward(from, to))
      .map(({ to, line }) => `${source.path}:${line} reaches up into ${to ?? 'the front door'}`)
  })
  expect(upward).toEqual([])
})

test.each(Object.entries(STAIRCASES))('inside %s every import points down', (room, stairs) => {
  const stairOf = (path: string): number =>
    stairs.findIndex((stair) => path.startsWith(`src/${room}/${stair}/`))
  const inside = sources.filter(({ path }) => roomOf(path) === room)
  expect(inside.map(({ path }) => path).filter((path) => stairOf(path) === -1)).toEqual([])
  const upward = inside.flatMap((source) =>
    source.imports
      .filter(({ from }) => from.startsWith('.'))
      .map(({ from, line }) => ({ line, to: targetOf(source, from) }))
      .filter(({ to }) => roomOf(to) === room && stairOf(to) > stairOf(source.path))
      .map(({ line, to }) => `${source.path}:${line} reaches up to ${to}`),
  )
  expect(upward).toEqual([])
})

test('no file imports itself by a circle', () => {
  const graph = new Map(
    sources.map((source) => [
      source.path,
      source.imports
        // A type import is gone at run time, but a circle of types is a circle of owners all the same.
        .filter(({ from }) => from.startsWith('.'))
        .map(({ from }) => targetOf(source, from)),
    ]),
  )
  const circles: string[] = []
  const done = new Set<string>()
  const visit = (file: string, trail: readonly string[]): void => {
    if (trail.includes(file)) circles.push([...trail.slice(trail.indexOf(file)), file].join(' → '))
    if (done.has(file) || trail.includes(file)) return
    for (const next of graph.get(file) ?? []) visit(next, [...trail, file])
    done.add(file)
  }
  for (const source of sources) visit(source.path, [])
  expect(circles).toEqual([])
})

test('a package enters by its own door', () => {
  const packageOf = (from: string): string =>
    from.startsWith('@') ? from.split('/').slice(0, 2).join('/') : from.split('/')[0]!
  const strangers = each((source) =>
    source.imports
      .filter(({ from }) => !from.startsWith('.') && !from.startsWith('node:'))
      .map(({ from, line }) => ({ name: packageOf(from), line }))
      .filter(({ name }) => {
        const door = DOORS[name]
        const rooms = ROOMS[name]
        if (door !== undefined) return !door.includes(source.path)
        return rooms === undefined || !rooms.includes(roomOf(source.path) ?? '')
      })
      .map(({ name, line }) => `${source.path}:${line} imports ${name}`),
  )
  expect(strangers).toEqual([])
})

test('every door is used', () => {
  const unused = Object.entries(DOORS).filter(
    ([name, doors]) =>
      !sources.some(
        (source) =>
          doors.includes(source.path) &&
          source.imports.some(({ from }) => from === name || from.startsWith(`${name}/`)),
      ),
  )
  expect(unused.map(([name]) => name)).toEqual([])
})

/** Below the faces nothing may ask the machine for time or chance: both are arguments. A socket's own `.setTimeout` is no timer of ours. */
const FORBIDDEN =
  /\b(?:Date\.now\(|new Date\(\)|Math\.random\(|performance\.now\(|(?<!\.)setTimeout\(|(?<!\.)setInterval\(|randomBytes\(|randomUUID\(|getRandomValues\(|hrtime)/

/** The one file of a live lab that reads the machine's clock and sets its timers. */
const REAL_CLOCK = 'src/live/real-time.ts'

test('no clock and no chance below the faces', () => {
  const asks = each((source) =>
    roomOf(source.path) === 'cli' || source.path === REAL_CLOCK
      ? []
      : source.text
          .split('\n')
          .flatMap((line, at) =>
            FORBIDDEN.test(line) ? [`${source.path}:${at + 1} ${line.trim()}`] : [],
          ),
  )
  expect(asks).toEqual([])
})

/** What reaches beyond this process. Not `node:tls`, which also runs over streams of our own. */
const SOCKETS = new Set([
  'node:dgram',
  'node:net',
  'node:http',
  'node:https',
  'node:http2',
  'node:dns',
])

test('real sockets are opened by a live lab alone', () => {
  const opened = each((source) =>
    roomOf(source.path) === 'live'
      ? []
      : source.imports
          .filter(({ from }) => SOCKETS.has(from))
          .map(({ from, line }) => `${source.path}:${line} imports ${from}`),
  )
  expect(opened).toEqual([])
})

test('every file says what it is', () => {
  const silent = each((source) => (/^(?:#![^\n]*\n)?\/\*\*/.test(source.text) ? [] : [source.path]))
  expect(silent).toEqual([])
})

test('nothing is switched off or silenced', () => {
  const all = [...sources, ...sourcesBelow('test'), ...sourcesBelow('scenarios')]
  const SILENCED =
    /\b(?:it|test|describe|scenario)\.(?:only|todo)\b|@ts-(?:ignore|nocheck)|\b(?:TODO|FIXME|XXX|HACK)\b/
  const found = all
    .filter((source) => source.path !== 'test/house/floors.test.ts')
    .flatMap((source) =>
      source.text
        .split('\n')
        .flatMap((line, at) => (SILENCED.test(line) ? [`${source.path}:${at + 1}`] : [])),
    )
  expect(found).toEqual([])
})
