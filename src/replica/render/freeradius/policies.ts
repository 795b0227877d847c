/**
 * Connection request policies, network policies and what an account may do as named policies of unlang, in NPS's order.
 * Not the sections that call them: `site.ts` has those.
 */
import type {
  ConnectionRequestPolicySpec,
  NetworkPolicySpec,
  RadiusAttributeSetting,
} from '../../../topology/nps.ts'
import { conditionText, hoursText, numberText, patternText } from './conditions.ts'
import { block, identifier, remark, word, type Lines } from './text.ts'

/** A policy with its place and the name by which modules, servers and sections know it. */
export interface Placed<P> {
  readonly id: string
  readonly spec: P
  /** As unlang writes it. */
  readonly condition: string
  /** FreeRADIUS cannot be asked for all of its conditions; `condition` has the others. */
  readonly isPartial: boolean
}

export interface PlacedPolicies<P> {
  /** In NPS's order: those that are enabled. */
  readonly order: readonly Placed<P>[]
  /** Of these, those whose conditions are told in full. */
  readonly placed: readonly Placed<P>[]
  readonly notRendered: Lines
}

interface AnyPolicy {
  readonly name: string
  readonly enabled?: boolean
  readonly conditions?: ConnectionRequestPolicySpec['conditions']
}

/**
 * A policy with conditions that FreeRADIUS cannot be asked could deny, or hold where a laxer one comes behind it. Whoever meets its
 * other conditions is therefore turned away: never is anybody let in whom NPS would not let in.
 */
export function placePolicies<P extends AnyPolicy>(
  kind: 'request' | 'network',
  specs: readonly P[],
): PlacedPolicies<P> {
  const order = specs.flatMap((spec, place) => {
    if (spec.enabled === false) return []
    const { text, unknown } = conditionText(spec.conditions)
    const isPartial = unknown.length > 0
    return [{ id: identifier(kind, place), spec, condition: text, isPartial, unknown }]
  })
  return {
    order,
    placed: order.filter(({ isPartial }) => !isPartial),
    notRendered: order
      .filter(({ isPartial }) => isPartial)
      .map(
        ({ spec, unknown }) =>
          `policy '${spec.name}' turns everybody away who meets its other conditions: FreeRADIUS cannot be asked for ${unknown.join(', ')}`,
      ),
  }
}

/** Sets `attribute` to the id of the first policy that matches; without one, `otherwise` holds. A partial policy rejects. */
export const firstMatch = (
  attribute: string,
  policies: readonly Placed<AnyPolicy>[],
  otherwise: Lines,
): Lines =>
  policies.length === 0
    ? otherwise
    : [
        ...policies.flatMap(({ id, spec, condition, isPartial }, i) =>
          block(
            `${i === 0 ? 'if' : 'elsif'} ${condition}`,
            remark(spec.name),
            isPartial ? 'reject' : block('update control', `&${attribute} := ${id}`),
          ),
        ),
        ...block('else', otherwise),
      ]

/** Who may come in by the policy that matched: its own constraints, the account's dial-in page, grant or deny. */
export function permission(policies: readonly Placed<NetworkPolicySpec>[]): Lines {
  if (policies.length === 0) return []
  return block(
    'switch &control:Sallyport-Network-Policy',
    ...policies.map(({ id, spec }) =>
      block(
        `case ${word(id)}`,
        remark(spec.name),
        ...constraints(spec).map((condition) => block(`if (!${condition})`, 'reject')),
        ...permissionOf(spec),
      ),
    ),
    block('case', 'reject'),
  )
}

function constraints({ constraints: limits = {} }: NetworkPolicySpec): Lines {
  return [
    ...(limits.dayAndTime === undefined ? [] : [hoursText(limits.dayAndTime)]),
    ...(limits.nasPortTypes === undefined
      ? []
      : [numberText('NAS-Port-Type', limits.nasPortTypes)]),
    ...(limits.calledStationId === undefined
      ? []
      : [`(${patternText('%{Called-Station-Id}', limits.calledStationId)})`]),
  ]
}

function permissionOf({ access, ignoresDialIn }: NetworkPolicySpec): readonly Lines[] {
  const own = access === 'deny' ? ['reject'] : ['noop']
  if (ignoresDialIn === true) return [own]
  return [
    block("if (&control:Sallyport-Dial-In == 'deny')", 'reject'),
    block(
      'if (&control:Sallyport-Caller-Id && !(&Calling-Station-Id == &control:Sallyport-Caller-Id))',
      'reject',
    ),
    // "Allow access" of an account outranks a policy that denies.
    block("if (&control:Sallyport-Dial-In != 'allow')", own),
  ]
}

const ATTRIBUTE_NAME = /^[A-Za-z][A-Za-z0-9-]*$/

/** Attributes of an Access-Accept. */
export const replyOf = (policies: readonly Placed<NetworkPolicySpec>[]): Lines => {
  if (policies.length === 0) return []
  return block(
    'switch &control:Sallyport-Network-Policy',
    ...policies.map(({ id, spec }) => {
      const items = [
        ...(spec.attributes ?? []).filter(isRenderable).map(attributeText),
        ...seconds('Idle-Timeout', spec.constraints?.idleTimeout),
        ...seconds('Session-Timeout', spec.constraints?.sessionTimeout),
        ...(spec.framedMtu === undefined ? [] : [`&Framed-MTU := ${spec.framedMtu}`]),
        '&Framed-IP-Address := &control:Sallyport-Framed-IP',
      ]
      return block(`case ${word(id)}`, remark(spec.name), block('update reply', items))
    }),
    block('case', 'noop'),
  )
}

export const isRenderable = ({ name }: RadiusAttributeSetting): boolean => ATTRIBUTE_NAME.test(name)

const attributeText = ({ name, value }: RadiusAttributeSetting): string =>
  `&${name} += ${typeof value === 'number' ? String(value) : word(value)}`

const seconds = (name: string, span: number | undefined): Lines =>
  span === undefined ? [] : [`&${name} := ${Math.round(span / 1e6)}`]
