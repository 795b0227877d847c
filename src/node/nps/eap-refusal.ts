/** EAP-Failure in a refusal of NPS that no method of EAP has spoken. Not a fault inside a method: `eap-faults.ts`. */
import { EapCode, encodeEap } from '../../wire/eap/packet.ts'
import { eapMessage, eapPacket } from '../../wire/radius/attributes.ts'
import type { RadiusAttribute, RadiusPacket } from '../../wire/radius/packet.ts'

/** RFC 3579 §2.1: whoever comes with EAP hears of a refusal by EAP, too, from whichever side of EAP it is; nothing where `told` says so already. */
export function failureFor(
  { attributes }: Pick<RadiusPacket, 'attributes'>,
  told: readonly RadiusAttribute[],
): readonly RadiusAttribute[] {
  const identifier = eapPacket(attributes)?.[1]
  if (identifier === undefined || eapPacket(told) !== undefined) return []
  return eapMessage(encodeEap({ code: EapCode.failure, identifier }))
}
