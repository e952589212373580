import { ActionIcon, AppShell, Burger, Group, Menu, NavLink, Text, TextInput, Title, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconDatabaseImport, IconHome, IconInbox, IconLogout, IconMoon, IconSearch, IconSettings, IconSun, IconUpload, IconUser } from '@tabler/icons-react';
import { useState, type ComponentType, type FormEvent, type ReactNode } from 'react';
import { Link, useLocation, useNavigate } from 'react-router';
import { useSession } from '../session/session';

interface Place {
  to: string;
  label: string;
  icon: ComponentType<{ size: number }>;
  administratorsOnly?: boolean;
}

/** Places in the side bar, in the order of the work. */
const places: Place[] = [
  { to: '/', label: 'Home', icon: IconHome },
  { to: '/search', label: 'Search', icon: IconSearch },
  { to: '/prearchive', label: 'Prearchive', icon: IconInbox },
  { to: '/import', label: 'Import from PACS', icon: IconDatabaseImport },
  { to: '/upload', label: 'Upload', icon: IconUpload },
  { to: '/administration', label: 'Administration', icon: IconSettings, administratorsOnly: true },
];

function ColourSchemeToggle() {
  const { setColorScheme } = useMantineColorScheme();
  const shown = useComputedColorScheme('light');
  const next = shown === 'dark' ? 'light' : 'dark';
  return (
    <ActionIcon variant="default" size="lg" aria-label={`Switch to ${next} colours`} onClick={() => setColorScheme(next)}>
      {shown === 'dark' ? <IconSun size={18} /> : <IconMoon size={18} />}
    </ActionIcon>
  );
}

/** Finds by words from any page; the words go with the page, not into its address. */
function QuickFind() {
  const navigate = useNavigate();
  const [text, setText] = useState('');
  function find(event: FormEvent) {
    event.preventDefault();
    if (!text.trim()) return;
    void navigate('/search', { state: { text: text.trim() } });
    setText('');
  }
  return (
    <form onSubmit={find} role="search">
      <TextInput aria-label="Find" placeholder="Find a project, subject or session" leftSection={<IconSearch size={16} />} value={text} onChange={(e) => setText(e.currentTarget.value)} w={300} visibleFrom="sm" />
    </form>
  );
}

/** The frame around every page: where one can go, and who one is. */
export function Shell({ children }: { children: ReactNode }) {
  const [opened, { toggle, close }] = useDisclosure();
  const { person, signOut } = useSession();
  const location = useLocation();
  const isHere = (to: string) => (to === '/' ? location.pathname === '/' || location.pathname.startsWith('/projects') : location.pathname.startsWith(to));
  return (
    <AppShell header={{ height: 56 }} navbar={{ width: 220, breakpoint: 'sm', collapsed: { mobile: !opened } }} padding="lg">
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger opened={opened} onClick={toggle} hiddenFrom="sm" size="sm" aria-label="Show navigation" />
            <Link to="/" aria-label="Vesalius, home" style={{ display: 'flex', gap: 10, alignItems: 'center', color: 'inherit', textDecoration: 'none' }}>
              <img src="/site/mark.svg" alt="" width={28} height={28} />
              <Title order={1} size="h3">
                Vesalius
              </Title>
            </Link>
          </Group>
          <QuickFind />
          <Group gap="xs" wrap="nowrap">
            <ColourSchemeToggle />
            <Menu position="bottom-end" withinPortal>
              <Menu.Target>
                <ActionIcon variant="default" size="lg" aria-label={`Account of ${person?.login}`}>
                  <IconUser size={18} />
                </ActionIcon>
              </Menu.Target>
              <Menu.Dropdown>
                <Menu.Label>
                  Signed in as <Text span fw={600}>{person?.login}</Text>
                </Menu.Label>
                <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => void signOut()}>
                  Sign out
                </Menu.Item>
              </Menu.Dropdown>
            </Menu>
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" aria-label="Main">
        {places
          .filter((place) => !place.administratorsOnly || person?.isAdministrator)
          .map((place) => (
            <NavLink
              key={place.to}
              component={Link}
              to={place.to}
              label={place.label}
              leftSection={<place.icon size={18} />}
              active={isHere(place.to)}
              aria-current={isHere(place.to) ? 'page' : undefined}
              onClick={close}
            />
          ))}
      </AppShell.Navbar>
      <AppShell.Main>{children}</AppShell.Main>
    </AppShell>
  );
}
