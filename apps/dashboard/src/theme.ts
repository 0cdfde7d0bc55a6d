import { type CSSVariablesResolver, createTheme, localStorageColorSchemeManager } from '@mantine/core';

/** The same key as in public/color-scheme.js, which reads it before the first paint. */
export const colorSchemeManager = localStorageColorSchemeManager({ key: 'pushfleet.color-scheme' });

export const theme = createTheme({
  fontFamily: "'Inter Variable', system-ui, sans-serif",
  fontFamilyMonospace: "'JetBrains Mono Variable', ui-monospace, monospace",
  fontSizes: { xs: '12px', sm: '13px', md: '14px', lg: '16px', xl: '19px' },
  headings: {
    fontWeight: '620',
    sizes: { h1: { fontSize: '19px' }, h2: { fontSize: '15px' }, h3: { fontSize: '13px' } },
  },
  defaultRadius: 6,
  primaryColor: 'blue',
  colors: {
    // Texts, lines and surfaces of dark, from light to dark, in the hue of styles/tokens.css.
    dark: [
      '#e7eaf0',
      '#b6bfcc',
      '#9ca7b7',
      '#6d7889',
      '#3a4453',
      '#2c3440',
      '#1c212a',
      '#151920',
      '#11151b',
      '#0e1116',
    ],
    blue: [
      '#eaf2fe',
      '#d3e3fc',
      '#a9c9f8',
      '#7cadf4',
      '#5695f0',
      '#3d86ee',
      '#266bd8',
      '#1a5fd0',
      '#1553b8',
      '#0d4399',
    ],
  },
  primaryShade: { light: 7, dark: 6 },
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    Button: { defaultProps: { size: 'xs' } },
    TextInput: { defaultProps: { size: 'sm' } },
    NumberInput: { defaultProps: { size: 'sm' } },
    Select: { defaultProps: { size: 'sm' } },
    Modal: {
      defaultProps: { centered: true, overlayProps: { backgroundOpacity: 0.4 } },
      styles: { title: { fontSize: 15, fontWeight: 640 } },
    },
    Notification: { styles: { description: { color: 'var(--muted)' } } },
    Tooltip: { defaultProps: { openDelay: 300, withArrow: false } },
  },
});

/** Mantine's surfaces and texts take the tokens of styles/tokens.css, so that there is one palette. */
export const cssVariables: CSSVariablesResolver = () => {
  const surfaces = {
    '--mantine-color-body': 'var(--surface)',
    '--mantine-color-text': 'var(--text)',
    '--mantine-color-dimmed': 'var(--muted)',
    '--mantine-color-placeholder': 'var(--faint)',
    '--mantine-color-default': 'var(--surface)',
    '--mantine-color-default-hover': 'var(--hover)',
    '--mantine-color-default-color': 'var(--text)',
    '--mantine-color-default-border': 'var(--line-strong)',
    '--mantine-color-anchor': 'var(--accent)',
    '--mantine-color-error': 'var(--red)',
    '--mantine-color-gray-light-color': 'var(--muted)',
  };
  return { variables: {}, light: surfaces, dark: surfaces };
};
