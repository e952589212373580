import { CloseButton, createTheme, MantineProvider, Menu, type CSSVariablesResolver } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { BrowserRouter } from 'react-router';
import { RequestFailed } from './api/http';
import { Pages } from './Pages';
import { SessionProvider } from './session/session';

const theme = createTheme({
  primaryColor: 'cyan',
  primaryShade: { light: 9, dark: 9 },
  fontFamily: 'Inter, "Segoe UI", system-ui, sans-serif',
  defaultRadius: 'md',
  autoContrast: true,
  // Whoever asks the system for less motion gets none.
  respectReducedMotion: true,
  // Screen readers have to say what a cross does.
  components: {
    CloseButton: CloseButton.extend({ defaultProps: { ...{ 'aria-label': 'Close' } } }),
    // A menu holds nothing but its items; the first of them has the focus.
    Menu: Menu.extend({ defaultProps: { withInitialFocusPlaceholder: false } }),
  },
});

// Text on a tint of its own colour, and dimmed text, have to stand out by 4.5 to 1.
const tinted = ['blue', 'cyan', 'gray', 'green', 'orange', 'red', 'teal', 'violet', 'yellow'];

// White on a button has to be as readable while the mouse is over it.
const hovered = Object.fromEntries(tinted.map((colour) => [`--mantine-color-${colour}-filled-hover`, `color-mix(in srgb, var(--mantine-color-${colour}-9) 85%, black)`]));

const contrast: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    ...hovered,
    '--mantine-color-dimmed': 'var(--mantine-color-gray-7)',
    ...Object.fromEntries(tinted.map((colour) => [`--mantine-color-${colour}-light-color`, `color-mix(in srgb, var(--mantine-color-${colour}-9) 65%, black)`])),
  },
  dark: {
    ...hovered,
    '--mantine-color-dimmed': 'var(--mantine-color-dark-1)',
    ...Object.fromEntries(tinted.map((colour) => [`--mantine-color-${colour}-light-color`, `color-mix(in srgb, var(--mantine-color-${colour}-3) 85%, white)`])),
  },
});

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      refetchOnWindowFocus: false,
      // What was refused stays refused; only silence is worth another try.
      retry: (count, error) => count < 2 && error instanceof RequestFailed && (error.status === 0 || error.status === 503),
    },
  },
});

const nonce = document.querySelector('meta[name="csp-nonce"]')?.getAttribute('content') ?? undefined;

export function App() {
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto" cssVariablesResolver={contrast} getStyleNonce={() => nonce ?? ''}>
      <Notifications position="bottom-right" />
      <QueryClientProvider client={client}>
        <SessionProvider>
          <BrowserRouter>
            <Pages />
          </BrowserRouter>
        </SessionProvider>
      </QueryClientProvider>
    </MantineProvider>
  );
}
