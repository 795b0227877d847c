/** The stories of `stories/gateway.ts`, each a test. */
import { scenarios } from 'sallyport/scenario'
import { gateway } from './stories/gateway.ts'

scenarios(gateway)
