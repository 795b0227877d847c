/**
 * What zod says about a topology, in our words: one sentence with the value, what was expected, and the key that was probably meant.
 * Not the shape itself, which is `schema.ts`.
 */
import type { z } from 'zod'
import { didYouMean } from './near-miss.ts'
import { valueAt, type TopologyPath, type TopologyProblem } from './problems.ts'

type Issue = z.core.$ZodIssue
type Schema = z.core.$ZodType

export interface ShapeFailure {
  readonly problems: readonly TopologyProblem[]
  /** Only numbers are out of range: everything has the kind of value it should, so that names and addresses can be checked as well. */
  readonly rangesOnly: boolean
}

/** Sentences for the issues that `schema` found in `root`. */
export function shapeFailure(
  schema: Schema,
  root: unknown,
  issues: readonly Issue[],
): ShapeFailure {
  const single = issues.flatMap((issue) => unfold(issue))
  const problems = single.map(({ issue, path }): TopologyProblem => {
    const told = sentence(issue, valueAt(root, path), () => keysAt(schema, root, path))
    return { path: [...path, ...told.below], message: told.message, severity: 'error' }
  })
  const rangesOnly = single.every(
    ({ issue }) =>
      (issue.code === 'too_big' || issue.code === 'too_small') && issue.origin !== 'array',
  )
  return { problems, rangesOnly }
}

interface Placed {
  readonly issue: Issue
  readonly path: TopologyPath
}

const toPath = (path: readonly PropertyKey[]): TopologyPath =>
  path.map((step) => (typeof step === 'number' ? step : String(step)))

/** A union's issue becomes those of the branch that was meant; one with several unknown keys becomes one each. */
function unfold(issue: Issue, below: TopologyPath = []): Placed[] {
  const path = [...below, ...toPath(issue.path)]
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ issue: { ...issue, keys: [key] }, path }))
  }
  if (issue.code !== 'invalid_union') return [{ issue, path }]
  const meant = issue.errors.find((branch) => branch.every((inner) => !refusesKind(inner)))
  return meant === undefined ? [{ issue, path }] : meant.flatMap((inner) => unfold(inner, path))
}

/** The branch wants another kind of value altogether: it is not the one that was meant. */
const refusesKind = (issue: Issue): boolean =>
  issue.path.length === 0 &&
  (issue.code === 'invalid_type' ||
    issue.code === 'invalid_value' ||
    issue.code === 'invalid_union')

interface Told {
  readonly message: string
  /** Steps below the issue's own path, where a key is at fault. */
  readonly below: TopologyPath
}

function sentence(issue: Issue, value: unknown, keys: () => readonly string[]): Told {
  const told = (message: string): Told => ({ message, below: [] })
  // Messages of our own that begin with a verb continue the value.
  if (value !== undefined && issue.message.startsWith('is ')) {
    return told(`${show(value)} ${issue.message}`)
  }
  switch (issue.code) {
    case 'unrecognized_keys': {
      const key = issue.keys[0]!
      return { message: `unknown key '${key}'${didYouMean(key, keys())}`, below: [key] }
    }
    case 'invalid_type':
      return told(
        value === undefined ? 'is missing' : `${show(value)} is not ${kindName(issue.expected)}`,
      )
    case 'invalid_value':
      return told(notOneOf(value, issue.values.map(String)))
    case 'invalid_union': {
      const options = 'options' in issue && Array.isArray(issue.options) ? issue.options : undefined
      if (options !== undefined) return told(notOneOf(value, options.map(String)))
      return told(matchesNoBranch(value, issue.errors.flat()))
    }
    case 'too_big':
    case 'too_small':
      return told(outOfRange(issue, value))
    default:
      return told(value === undefined ? 'is missing' : issue.message)
  }
}

function notOneOf(value: unknown, options: readonly string[]): string {
  const expected = options.join(', ')
  if (value === undefined) return `is missing (${expected})`
  const near = typeof value === 'string' ? didYouMean(value, options) : ''
  return `${show(value)} is not one of ${expected}${near}`
}

function outOfRange(
  issue: Extract<Issue, { code: 'too_big' | 'too_small' }>,
  value: unknown,
): string {
  const limit = issue.code === 'too_big' ? issue.maximum : issue.minimum
  if (Array.isArray(value)) return `has ${value.length} entries, not ${limit}`
  if (typeof value === 'string') return 'is empty'
  return `${show(value)} is ${issue.code === 'too_big' ? 'above' : 'below'} ${limit}`
}

/** No branch of a union wanted this kind of value; `refusals` says what each wanted. */
function matchesNoBranch(value: unknown, refusals: readonly Issue[]): string {
  const here = refusals.filter((issue) => issue.path.length === 0)
  const words = here.flatMap((issue) => (issue.code === 'invalid_value' ? issue.values : []))
  if (words.length > 0 && typeof value === 'string') return notOneOf(value, words.map(String))
  const kinds = here.flatMap((issue) =>
    issue.code === 'invalid_type' ? [kindName(issue.expected)] : [],
  )
  const expected = [...words.map(String), ...kinds].join(' or ')
  return value === undefined ? `is missing (${expected})` : `${show(value)} is not ${expected}`
}

const KIND_NAMES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a pair',
  object: 'an object',
  record: 'an object',
}
const kindName = (expected: string): string => KIND_NAMES[expected] ?? expected

function show(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'an object'
  return typeof value === 'function' ? 'a function' : String(value)
}

/** The keys that `schema` knows at `path`. */
function keysAt(schema: Schema, root: unknown, path: TopologyPath): readonly string[] {
  let candidates = variants(schema, root)
  path.forEach((step, depth) => {
    const value = valueAt(root, path.slice(0, depth + 1))
    candidates = candidates
      .flatMap((candidate) => memberOf(candidate, step))
      .flatMap((member) => variants(member, value))
  })
  return candidates.flatMap((candidate) => Object.keys(shapeOf(candidate) ?? {}))
}

type Def = z.core.$ZodTypes['_zod']['def']
const defOf = (schema: Schema): Def => schema._zod.def as Def

function shapeOf(schema: Schema): Readonly<Record<string, Schema>> | undefined {
  const def = defOf(schema)
  return def.type === 'object' ? def.shape : undefined
}

function memberOf(schema: Schema, step: string | number): Schema[] {
  const def = defOf(schema)
  if (def.type === 'object') return Object.hasOwn(def.shape, step) ? [def.shape[step]!] : []
  if (def.type === 'array') return [def.element]
  if (def.type === 'tuple') return def.items.slice(Number(step), Number(step) + 1)
  return def.type === 'record' ? [def.valueType] : []
}

/** The plain schemas inside wrappers and unions, without those whose discriminator says that they are another kind. */
function variants(schema: Schema, value: unknown): Schema[] {
  const def = defOf(schema)
  switch (def.type) {
    case 'optional':
    case 'default':
      return variants(def.innerType, value)
    case 'pipe':
      return variants(def.in, value)
    case 'union':
      return def.options.flatMap((option) => variants(option, value))
    case 'object':
      return Object.entries(def.shape).every(([key, member]) => {
        const inner = defOf(member)
        return inner.type !== 'literal' || inner.values.includes(valueAt(value, [key]) as never)
      })
        ? [schema]
        : []
    default:
      return [schema]
  }
}
