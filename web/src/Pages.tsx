import { Center, Loader } from '@mantine/core';
import { lazy, Suspense, useEffect } from 'react';
import { Navigate, Route, Routes, useLocation } from 'react-router';
import { Shell } from './layout/Shell';
import { Home } from './pages/Home';
import { NotFound } from './pages/NotFound';
import { SignIn } from './pages/SignIn';
import { useSession } from './session/session';

const ProjectPage = lazy(() => import('./pages/project/ProjectPage'));
const SubjectPage = lazy(() => import('./pages/subject/SubjectPage'));
const SessionPage = lazy(() => import('./pages/imaging/SessionPage'));
const AdministrationPage = lazy(() => import('./pages/administration/AdministrationPage'));
const ImportPage = lazy(() => import('./pages/import/ImportPage'));
const PrearchivePage = lazy(() => import('./pages/prearchive/PrearchivePage'));
const ComparisonPage = lazy(() => import('./pages/prearchive/ComparisonPage'));
const DownloadPage = lazy(() => import('./pages/download/DownloadPage'));
const SearchPage = lazy(() => import('./pages/search/SearchPage'));
const EndedProjects = lazy(() => import('./pages/EndedProjects'));
const UploadPage = lazy(() => import('./pages/upload/UploadPage'));
const VolumePage = lazy(() => import('./pages/imaging/VolumePage'));
const ScanPage = lazy(() => import('./pages/imaging/ScanPage'));

/** Where the viewer's address bar was when it asked for a sign-in; nothing else is gone to. */
function viewerAddress(hash: string): string | undefined {
  try {
    const address = decodeURIComponent(hash.slice(1));
    return /^\/viewer([/?]|$)/i.test(address) && !address.includes('\\') ? address : undefined;
  } catch {
    return undefined;
  }
}

// The viewer is no page of this site: the browser has to load it.
function ToViewer({ address }: { address: string }) {
  useEffect(() => window.location.replace(address), [address]);
  return <Waiting />;
}

function Waiting() {
  return (
    <Center h="60vh">
      <Loader aria-label="Loading" />
    </Center>
  );
}

/** Which address shows which page. Pages behind a sign-in bring people back to where they wanted to go. */
export function Pages() {
  const { person, isLoading } = useSession();
  const location = useLocation();
  const viewer = viewerAddress(location.hash);
  if (isLoading) return <Waiting />;
  if (!person) {
    return (
      <Routes>
        <Route path="/sign-in" element={<SignIn />} />
        <Route path="*" element={<Navigate to="/sign-in" replace state={{ from: location.pathname + location.search + location.hash }} />} />
      </Routes>
    );
  }
  return (
    <Shell>
      <Suspense fallback={<Waiting />}>
        <Routes>
          <Route path="/" element={<Home />} />
          <Route path="/sign-in" element={viewer ? <ToViewer address={viewer} /> : <Navigate to={(location.state as { from?: string } | null)?.from ?? '/'} replace />} />
          <Route path="/projects/:project/*" element={<ProjectPage />} />
          <Route path="/projects/:project/subjects/:subject" element={<SubjectPage />} />
          <Route path="/projects/:project/experiments/:experiment/:tab?" element={<SessionPage />} />
          <Route path="/projects/:project/experiments/:experiment/volume/*" element={<VolumePage />} />
          <Route path="/projects/:project/experiments/:experiment/scans/:scan/:tab?" element={<ScanPage />} />
          <Route path="/projects/:project/download/:experiment?" element={<DownloadPage />} />
          <Route path="/prearchive" element={<PrearchivePage />} />
          <Route path="/prearchive/:project/:timestamp/:folder" element={<ComparisonPage />} />
          <Route path="/administration/*" element={<AdministrationPage />} />
          <Route path="/import/*" element={<ImportPage />} />
          <Route path="/search/:tab?" element={<SearchPage />} />
          <Route path="/ended" element={<EndedProjects />} />
          <Route path="/upload" element={<UploadPage />} />
          <Route path="*" element={<NotFound />} />
        </Routes>
      </Suspense>
    </Shell>
  );
}
