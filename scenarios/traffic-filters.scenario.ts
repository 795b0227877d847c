/** The stories of `stories/traffic-filters.ts`, each a test. */
import { scenarios } from 'sallyport/scenario'
import { trafficFilters } from './stories/traffic-filters.ts'

scenarios(trafficFilters)
