export {
  createMetrics,
  metricsType,
  type Counter,
  type Labels,
  type Metrics,
  type Sample,
  type Summary,
} from './metrics.ts'
export { addProcessMetrics } from './process-metrics.ts'
