/** The stories of `stories/certificate-selection.ts`, each a test. */
import { scenarios } from 'sallyport/scenario'
import { certificateSelection } from './stories/certificate-selection.ts'

scenarios(certificateSelection)
