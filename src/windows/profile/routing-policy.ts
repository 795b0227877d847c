/** Where traffic goes while the tunnel is up: what both a native profile and the filter of one program can say. */
export const ROUTING_POLICY_TYPES = ['SplitTunnel', 'ForceTunnel'] as const
export type RoutingPolicyType = (typeof ROUTING_POLICY_TYPES)[number]
