import { useDebouncedValue } from '@mantine/hooks';
import type { TargetCheckView } from '@pushfleet/contract';
import { useQuery } from '@tanstack/react-query';
import { checkTarget } from '../api/commands.ts';

const TYPING_MS = 250;

/** What the scheduler says of a URL while it is typed; undefined while there is none, or as long as it cannot be asked. */
export function useTargetCheck(url: string): TargetCheckView | undefined {
  const [settled] = useDebouncedValue(url.trim(), TYPING_MS);
  const { data } = useQuery({
    queryKey: ['target-check', settled],
    queryFn: ({ signal }) => checkTarget(settled, signal),
    enabled: settled !== '',
    placeholderData: (before) => before,
    // A key stands in it: it is not kept longer than the form is open.
    gcTime: 0,
    retry: false,
  });
  return settled === '' ? undefined : data;
}
