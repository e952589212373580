// OHIF over our own DICOMweb with the signed-in user's rights: the project that the address names, or the whole site where it names none.
(() => {
  const project = new URLSearchParams(location.search).get('projectId') ?? sessionStorage.getItem('vesalius.viewer.project');
  if (project) sessionStorage.setItem('vesalius.viewer.project', project);
  const root = location.origin + (project ? `/xapi/dicomweb/projects/${encodeURIComponent(project)}` : '/xapi/dicomweb');
  window.config = {
    name: 'vesalius',
    routerBasename: '/viewer',
    extensions: [],
    modes: [],
    customizationService: {},
    showStudyList: true,
    maxNumberOfWebWorkers: Math.max(1, Math.min(4, (navigator.hardwareConcurrency || 2) - 1)),
    showWarningMessageForCrossOrigin: false,
    showCPUFallbackMessage: false,
    showLoadingIndicator: true,
    strictZSpacingForVolumeViewport: true,
    groupEnabledModesFirst: true,
    investigationalUseDialog: { option: 'never' },
    maxNumRequests: { interaction: 20, thumbnail: 5, prefetch: 10 },
    showErrorDetails: 'production',
    defaultDataSourceName: 'vesalius',
    dataSources: [
      {
        namespace: '@ohif/extension-default.dataSourcesModule.dicomweb',
        sourceName: 'vesalius',
        configuration: {
          friendlyName: project ? `Project ${project}` : 'All projects',
          name: 'vesalius',
          wadoUriRoot: root,
          qidoRoot: root,
          wadoRoot: root,
          qidoSupportsIncludeField: false,
          imageRendering: 'wadors',
          thumbnailRendering: 'thumbnailDirect',
          enableStudyLazyLoad: true,
          supportsFuzzyMatching: false,
          supportsWildcard: true,
          dicomUploadEnabled: false,
          singlepart: 'bulkdata',
          bulkDataURI: { enabled: true },
          omitQuotationForMultipartRequest: true,
          supportsStow: true,
        },
      },
    ],
    httpErrorHandler: (error) => {
      if (error?.status === 401) location.assign('/sign-in');
    },
  };
})();
