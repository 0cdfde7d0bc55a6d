export { type Cidr, loopbackBlocks, parseCidr, parseCidrList } from './cidr.ts';
export {
  defaultPushOptions,
  defaultStreamSettings,
  type ResolvedDelivery,
  type ResolvedPushOptions,
  type ResolvedStreamSettings,
  resolveDelivery,
  resolvePushOptions,
  resolveStreamSettings,
} from './defaults.ts';
export { type CheckedConfig, type ConfigDocument, type ConfigStream, checkConfig } from './document/document.ts';
export { optionText, printDocument, printPush } from './document/printer.ts';
export { EnvironmentError, type EnvironmentProblem, loadEnvironment } from './environment/environment.ts';
export { isLoopback } from './environment/values.ts';
export {
  type Environment,
  type LogLevel,
  logLevels,
  type Role,
  type Variable,
  variables,
} from './environment/variables.ts';
export { choiceField, patternField, strictObject } from './fields.ts';
export { type FloodFolder, foldFlood } from './flood.ts';
export { createLogger, type Logger, type LoggerOptions } from './logger.ts';
export { applyMergePatch } from './merge-patch.ts';
export { didYouMean, nearest } from './nearest.ts';
export {
  MAX_RETRY_LIMIT,
  type PushOptions,
  type PushPatch,
  type PushSpec,
  pushOptionsSchema,
  pushPatchSchema,
  pushSpecSchema,
  type StreamPatch,
  type StreamSpec,
  streamPatchSchema,
  streamSpecSchema,
} from './options.ts';
export { MASK, redactHeaders, redactor, redactText, redactUrl, secretsOf } from './redact.ts';
export {
  type ClusterRedis,
  parseRedisUrl,
  REDIS_URL_FORMS,
  type RedisAddress,
  type SentinelRedis,
  type SingleRedis,
} from './redis-url.ts';
export { inputSchemes, inputUrlProblem, pushSchemes, pushUrlProblem, type UrlProblem } from './schemes.ts';
export { Secret } from './secret.ts';
export type { Comment, ConfigNode, Directive, Position, Word } from './syntax/ast.ts';
export type { Diagnostic, Severity } from './syntax/diagnostic.ts';
export { formatDiagnostic } from './syntax/format.ts';
export { type MaskedSource, maskSource } from './syntax/masked-source.ts';
export { MAX_SOURCE_BYTES, type ParsedConfig, type ParseOptions, parseConfig } from './syntax/parser.ts';
export { printConfig } from './syntax/printer.ts';
