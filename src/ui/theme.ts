import {
  createTheme,
  defaultVariantColorsResolver,
  type CSSVariablesResolver,
  type MantineColorsTuple,
} from '@mantine/core';

/** Graphite: neutral, a little cool, so that it does not tint what is judged beside it. From text to canvas. */
const dark: MantineColorsTuple = [
  '#e8ebed',
  '#c5cbd0',
  '#a9b1b8',
  '#8a939b',
  '#3a4148',
  '#2e343a',
  '#23282d',
  '#15181b',
  '#101214',
  '#0b0c0e',
];

/** Verdigris: the one accent, for what is chosen and what comes next. */
const verdigris: MantineColorsTuple = [
  '#e6faf7',
  '#c8f1ea',
  '#9be4d9',
  '#69d5c6',
  '#40c7b5',
  '#2fb3a2',
  '#1f998a',
  '#128072',
  '#0a6a5f',
  '#07564d',
];

export const theme = createTheme({
  primaryColor: 'verdigris',
  primaryShade: { light: 8, dark: 4 },
  autoContrast: true,
  // The accent differs between light and dark, and so does the text that can be read on it.
  variantColorResolver: (input) => {
    const colours = defaultVariantColorsResolver(input);
    if (input.variant !== 'filled' || (input.color ?? input.theme.primaryColor) !== 'verdigris') return colours;
    return {
      background: 'var(--accent)',
      hover: 'color-mix(in srgb, var(--accent) 88%, var(--text))',
      color: 'var(--on-accent)',
      border: '1px solid transparent',
    };
  },
  colors: { dark, verdigris },
  black: '#14181b',
  fontFamily:
    'Inter, "Inter Variable", ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif',
  fontFamilyMonospace:
    'ui-monospace, "SF Mono", "Cascadia Mono", "Segoe UI Mono", Consolas, "Liberation Mono", monospace',
  fontSizes: { xs: '11px', sm: '12px', md: '13px', lg: '15px', xl: '18px' },
  lineHeights: { xs: '1.35', sm: '1.4', md: '1.45', lg: '1.5', xl: '1.5' },
  spacing: { xs: '6px', sm: '8px', md: '12px', lg: '16px', xl: '24px' },
  radius: { xs: '3px', sm: '4px', md: '6px', lg: '10px', xl: '16px' },
  defaultRadius: 'sm',
  cursorType: 'pointer',
  focusRing: 'auto',
  headings: { fontWeight: '600' },
  components: {
    Tooltip: {
      defaultProps: { openDelay: 350, withArrow: false, fz: 'xs', offset: 6, transitionProps: { duration: 80 } },
    },
    ActionIcon: { defaultProps: { variant: 'subtle', color: 'gray', size: 28 } },
    Button: { defaultProps: { size: 'xs' } },
    SegmentedControl: { defaultProps: { size: 'xs', transitionDuration: 120 } },
    Slider: { defaultProps: { size: 3, thumbSize: 13, label: null } },
    NumberInput: { defaultProps: { size: 'xs' } },
    TextInput: { defaultProps: { size: 'xs' } },
    NativeSelect: { defaultProps: { size: 'xs' } },
    Select: { defaultProps: { size: 'xs', comboboxProps: { shadow: 'md' } } },
    Switch: { defaultProps: { size: 'xs' } },
    Checkbox: { defaultProps: { size: 'xs', iconColor: 'var(--on-accent)' } },
    Radio: { defaultProps: { size: 'xs', iconColor: 'var(--on-accent)' } },
    Menu: { defaultProps: { shadow: 'md', withinPortal: true } },
    Popover: { defaultProps: { shadow: 'md' } },
    // Its own grey is too faint in the light theme.
    Notification: { styles: { description: { color: 'var(--text-2)' } } },
    Modal: { defaultProps: { centered: true, overlayProps: { backgroundOpacity: 0.5 } } },
  },
});

/** Mantine's own greys for lesser text are too faint on our panels; ours (global.css) are not. */
export const cssVariables: CSSVariablesResolver = () => {
  const shared = {
    '--mantine-color-text': 'var(--text)',
    '--mantine-color-dimmed': 'var(--text-2)',
    '--mantine-color-placeholder': 'var(--text-3)',
    '--mantine-color-body': 'var(--panel)',
    '--mantine-color-default': 'var(--control)',
    '--mantine-color-default-border': 'var(--line-strong)',
  };
  return { variables: {}, light: shared, dark: shared };
};
