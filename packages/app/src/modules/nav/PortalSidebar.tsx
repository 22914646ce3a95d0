import {
  Link,
  Sidebar,
  SidebarDivider,
  SidebarGroup,
  SidebarItem,
  SidebarScrollWrapper,
  SidebarSpace,
  sidebarConfig,
  useSidebarOpenState,
} from '@backstage/core-components';
import type { NavContentComponentProps, NavContentNavItem } from '@backstage/plugin-app-react';
import { SidebarSearchModal } from '@backstage/plugin-search';
import MenuIcon from '@mui/icons-material/Menu';
import SearchIcon from '@mui/icons-material/Search';
import SettingsIcon from '@mui/icons-material/SettingsOutlined';
import { Logo, LogoSign } from './Logo';

const SidebarLogo = () => {
  const { isOpen } = useSidebarOpenState();
  const inset = (sidebarConfig.drawerWidthClosed - 28) / 2;
  return (
    <Link
      to="/"
      underline="none"
      aria-label="Airpay home"
      style={{ display: 'block', color: '#fff', padding: `18px 0 14px ${inset}px`, whiteSpace: 'nowrap' }}
    >
      {isOpen ? <Logo /> : <LogoSign />}
    </Link>
  );
};

const NavItem = (item: NavContentNavItem) => (
  <SidebarItem icon={() => item.icon} to={item.href} text={item.title} />
);

/** The daily pages first and by name, everything else that brings a page after them. */
export const PortalSidebar = ({ navItems }: NavContentComponentProps) => {
  const nav = navItems.withComponent(NavItem);
  // Reached through the search box, through an entity, and at the foot of the bar.
  nav.take('page:search');
  nav.take('page:catalog-graph');
  const settings = nav.take('page:user-settings');

  return (
    <Sidebar>
      <SidebarLogo />
      <SidebarGroup label="Search" icon={<SearchIcon />} to="/search">
        <SidebarSearchModal />
      </SidebarGroup>
      <SidebarDivider />
      <SidebarGroup label="Menu" icon={<MenuIcon />}>
        {nav.take('page:airpay-platform/home')}
        {nav.take('page:catalog')}
        {nav.take('page:airpay-platform/slos')}
        {nav.take('page:airpay-dr')}
        {nav.take('page:scaffolder')}
        {nav.take('page:airpay-platform/ownership')}
        <SidebarDivider />
        {nav.take('page:techdocs')}
        {nav.take('page:api-docs')}
        <SidebarScrollWrapper>{nav.rest({ sortBy: 'title' })}</SidebarScrollWrapper>
      </SidebarGroup>
      <SidebarSpace />
      <SidebarDivider />
      <SidebarGroup label="Settings" icon={<SettingsIcon />} to="/settings">
        {settings}
      </SidebarGroup>
    </Sidebar>
  );
};
