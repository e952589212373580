import { Niivue, SLICE_TYPE } from '@niivue/niivue';
import { useEffect, useRef, useState } from 'react';
import { readVolume } from '../../../api/volumes';

/** What a volume is, as its header says. */
export interface VolumeFacts {
  size: string;
  voxel: string;
  type: string;
  frames: number;
  lowest: number;
  highest: number;
  window: [number, number];
}

/** Where the cross stands, and what is there. */
export interface Place {
  millimetres: string;
  voxel: string;
  value: string;
}

export const views = { multi: SLICE_TYPE.MULTIPLANAR, axial: SLICE_TYPE.AXIAL, coronal: SLICE_TYPE.CORONAL, sagittal: SLICE_TYPE.SAGITTAL, render: SLICE_TYPE.RENDER } as const;
export type View = keyof typeof views;

const types: Record<number, string> = { 2: 'uint8', 4: 'int16', 8: 'int32', 16: 'float32', 64: 'float64', 128: 'RGB', 256: 'int8', 512: 'uint16', 768: 'uint32', 2304: 'RGBA' };

interface Location {
  mm: ArrayLike<number>;
  vox: ArrayLike<number>;
  values: { value: number }[];
}

// Without the sign of a zero.
const tenths = (value: number) => (Math.round(value * 10) / 10 + 0).toFixed(1);
const short = (value: number) => Number(value.toPrecision(5)).toString();

/** Shows a volume on a canvas for as long as the page stands. */
export function useVolume(address: string, name: string) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const viewer = useRef<Niivue>(null);
  const [progress, setProgress] = useState(0);
  const [facts, setFacts] = useState<VolumeFacts>();
  const [place, setPlace] = useState<Place>();
  const [error, setError] = useState<Error>();
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    const stop = new AbortController();
    setFacts(undefined);
    setError(undefined);
    setProgress(0);
    async function open() {
      const bytes = await readVolume(address, setProgress, stop.signal);
      const shown = new Niivue({ backColor: [0, 0, 0, 1], show3Dcrosshair: true, crosshairWidth: 0.4, dragAndDropEnabled: false, loadingText: '', isOrientCube: false, multiplanarShowRender: 1, logLevel: 'fatal' });
      shown.onLocationChange = (data) => {
        const at = data as Location;
        const value = at.values[0]?.value;
        setPlace({ millimetres: [...Array(3).keys()].map((i) => tenths(at.mm[i]!)).join(' × '), voxel: [...Array(3).keys()].map((i) => at.vox[i]!).join(' × '), value: value === undefined ? '' : short(value) });
      };
      await shown.attachToCanvas(canvas.current!);
      if (stop.signal.aborted) return;
      viewer.current = shown;
      await shown.loadFromArrayBuffer(bytes, name);
      const volume = shown.volumes[0];
      const dims = volume?.hdr?.dims;
      if (!volume || !dims) throw new Error('The file is no NIfTI volume, or it is damaged.');
      shown.setSliceType(SLICE_TYPE.MULTIPLANAR);
      setFacts({
        size: [dims[1], dims[2], dims[3]].join(' × '), voxel: [1, 2, 3].map((i) => short(Math.abs(volume.hdr!.pixDims[i]!))).join(' × '), type: types[volume.hdr!.datatypeCode] ?? 'other', frames: volume.nFrame4D ?? 1,
        lowest: volume.global_min ?? 0, highest: volume.global_max ?? 1, window: [volume.cal_min ?? 0, volume.cal_max ?? 1],
      });
      shown.createOnLocationChange();
    }
    open().catch((e: unknown) => {
      if (stop.signal.aborted) return;
      setError(e instanceof Error && 'status' in e ? e : new Error('The file cannot be shown: it is no NIfTI volume, it is damaged, or this browser has no WebGL 2.'));
    });
    return () => {
      stop.abort();
      viewer.current?.cleanup();
      viewer.current = null;
    };
  }, [address, name, attempt]);

  const withVolume = (act: (shown: Niivue, id: string) => void) => {
    const volume = viewer.current?.volumes[0];
    if (viewer.current && volume) act(viewer.current, volume.id);
  };
  return {
    canvas, progress, facts, place, error,
    retry: () => setAttempt((n) => n + 1),
    setView: (view: View) => withVolume((shown) => shown.setSliceType(views[view])),
    setColours: (colours: string) => withVolume((shown, id) => shown.setColormap(id, colours)),
    setSmooth: (isSmooth: boolean) => withVolume((shown) => shown.setInterpolation(!isSmooth)),
    setFrame: (frame: number) => withVolume((shown, id) => shown.setFrame4D(id, frame)),
    setWindow: ([low, high]: [number, number]) => withVolume((shown) => {
      shown.volumes[0]!.cal_min = low;
      shown.volumes[0]!.cal_max = high;
      shown.updateGLVolume();
    }),
    step: (x: number, y: number, z: number) => withVolume((shown) => shown.moveCrosshairInVox(x, y, z)),
    turn: (azimuth: number, elevation: number) => withVolume((shown) => shown.setRenderAzimuthElevation(shown.scene.renderAzimuth + azimuth, shown.scene.renderElevation + elevation)),
  };
}
