import { Accordion, Group, NumberInput, Select, Stack, Switch, Textarea, TextInput } from '@mantine/core';
import type { ApiProblem } from '../api/problem.ts';
import { numberOf } from './number-of.ts';
import type { PushFormValues } from './push-form-values.ts';

export interface PushFieldsProps {
  readonly values: PushFormValues;
  readonly onChange: (change: Partial<PushFormValues>) => void;
  /** What the API said about the last try. */
  readonly problem: ApiProblem | undefined;
  /** Options of HLS are shown for HLS targets only. */
  readonly isHls: boolean;
}

/** The options of a push in Flussonic's words; what is rarely touched is folded away. */
export function PushFields({ values, onChange, problem, isHls }: PushFieldsProps) {
  const error = (field: string) => problem?.fieldError(field);
  return (
    <Stack gap="sm">
      <Group grow align="flex-start" gap="sm">
        <NumberInput
          label="Retry timeout"
          description="between attempts"
          placeholder="5"
          suffix=" s"
          min={0.1}
          value={values.retry_timeout}
          onChange={(value) => onChange({ retry_timeout: numberOf(value) })}
          error={error('retry_timeout')}
        />
        <NumberInput
          label="Limit"
          description="failures in a row"
          placeholder="endless"
          min={1}
          allowDecimal={false}
          value={values.retry_limit}
          onChange={(value) => onChange({ retry_limit: numberOf(value) })}
          error={error('retry_limit')}
        />
        <NumberInput
          label="Timeout"
          description="after the source stops"
          placeholder="none"
          suffix=" s"
          min={0}
          value={values.timeout}
          onChange={(value) => onChange({ timeout: numberOf(value) })}
          error={error('timeout')}
        />
      </Group>
      <Switch
        label="Enable"
        description="Off: nothing is sent, URL and settings stay"
        checked={values.enabled}
        onChange={(event) => onChange({ enabled: event.currentTarget.checked })}
      />
      <Accordion variant="separated" chevronPosition="left" styles={{ label: { fontSize: 13 } }}>
        <Accordion.Item value="advanced">
          <Accordion.Control>Advanced options</Accordion.Control>
          <Accordion.Panel>
            <Stack gap="sm">
              <Group grow align="flex-start" gap="sm">
                <NumberInput
                  label="Connect timeout"
                  description="until the target accepts"
                  placeholder="5"
                  suffix=" s"
                  min={0.1}
                  value={values.connect_timeout}
                  onChange={(value) => onChange({ connect_timeout: numberOf(value) })}
                  error={error('connect_timeout')}
                />
                <TextInput
                  label="Pool"
                  description="workers that may hold it"
                  placeholder="default"
                  value={values.pool}
                  onChange={(event) => onChange({ pool: event.currentTarget.value })}
                  error={error('pool')}
                />
              </Group>
              <TextInput
                label="Comment"
                value={values.comment}
                onChange={(event) => onChange({ comment: event.currentTarget.value })}
                error={error('comment')}
              />
              <Textarea
                label="Labels"
                description="name=value, one a line"
                autosize
                minRows={1}
                value={values.labels}
                onChange={(event) => onChange({ labels: event.currentTarget.value })}
                error={error('labels')}
              />
              {isHls && <HlsFields values={values} onChange={onChange} error={error} />}
              <Textarea
                label="HTTP header fields"
                description="Name: value, one a line; the values are secrets"
                autosize
                minRows={1}
                value={values.headers}
                onChange={(event) => onChange({ headers: event.currentTarget.value })}
                error={error('headers')}
              />
            </Stack>
          </Accordion.Panel>
        </Accordion.Item>
      </Accordion>
    </Stack>
  );
}

interface HlsFieldsProps extends Pick<PushFieldsProps, 'values' | 'onChange'> {
  readonly error: (field: string) => string | undefined;
}

function HlsFields({ values, onChange, error }: HlsFieldsProps) {
  return (
    <>
      <Group grow align="flex-start" gap="sm">
        <Select
          label="HLS profile"
          data={['auto', 'generic', 'akamai', 'youtube', 's3']}
          allowDeselect={false}
          value={values.hls_profile}
          onChange={(value) => onChange({ hls_profile: (value ?? 'auto') as PushFormValues['hls_profile'] })}
        />
        <Select
          label="Upload by"
          data={['put', 'post']}
          allowDeselect={false}
          value={values.hls_method}
          onChange={(value) => onChange({ hls_method: (value ?? 'put') as PushFormValues['hls_method'] })}
        />
        <Select
          label="Delete old segments"
          data={['auto', 'yes', 'no']}
          allowDeselect={false}
          value={values.hls_delete}
          onChange={(value) => onChange({ hls_delete: (value ?? 'auto') as PushFormValues['hls_delete'] })}
        />
      </Group>
      <TextInput
        label="S3 region"
        placeholder="from the host name"
        value={values.s3_region}
        onChange={(event) => onChange({ s3_region: event.currentTarget.value })}
        error={error('s3_region')}
      />
    </>
  );
}
