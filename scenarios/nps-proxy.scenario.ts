/** The stories of `stories/nps-proxy.ts`, each a test. */
import { scenarios } from 'sallyport/scenario'
import { npsProxy } from './stories/nps-proxy.ts'

scenarios(npsProxy)
