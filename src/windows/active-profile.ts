/**
 * Which of the VPN profiles of a computer is the active one: the only user's profile that Windows dials by itself. Whoever else has signed in has
 * none. Device tunnels stand beside it. Source: Microsoft, "VPN auto-triggered profile options"; the VPNv2 CSP (AlwaysOn, AlwaysOnActive).
 */
import type { VpnProfile } from './profile-xml.ts'
import { isAlwaysOn } from './triggers.ts'

export interface InstalledProfile {
  readonly name: string
  readonly profile: VpnProfile
}

/**
 * The name of the active profile, of those `installed`, in the order in which they came. `chosen`: where the user has ticked "Let apps
 * automatically use this VPN connection". Undefined: none triggers.
 */
export function activeProfile(
  installed: readonly InstalledProfile[],
  chosen?: string,
): string | undefined {
  const candidates = installed.filter(({ profile }) => profile.deviceTunnel?.value !== true)
  const wanted = candidates.find(({ name }) => name.toLowerCase() === chosen?.toLowerCase())
  if (wanted !== undefined) return wanted.name
  return candidates.find(({ profile }) => triggersItself(profile))?.name
}

/** The first that can be triggered is made active, unless it says of itself that it is not (Windows 11). */
const triggersItself = (profile: VpnProfile): boolean =>
  profile.alwaysOnActive?.value !== false &&
  (isAlwaysOn(profile) ||
    profile.appTriggers.length > 0 ||
    profile.domainNameInformation.some(({ autoTrigger }) => autoTrigger?.value === true))
