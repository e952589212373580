import { Center, Image } from '@mantine/core';
import { IconPhotoOff } from '@tabler/icons-react';
import { useState } from 'react';
import { path } from '../api/http';

/** Where the picture of a series is. */
export const thumbnailOf = (project: string, study: string, series: string) => path`/xapi/dicomweb/projects/${project}/studies/${study}/series/${series}/thumbnail`;

/** A small picture of a series; a sign in its place where there is none. */
export function Thumbnail({ address, alt, size = 56 }: { address: string | undefined; alt: string; size?: number }) {
  const [failed, setFailed] = useState<string>();
  if (!address || failed === address) {
    return (
      <Center w={size} h={size} className="noPicture" role="img" aria-label={`No picture of ${alt}`}>
        <IconPhotoOff size={size / 3} aria-hidden />
      </Center>
    );
  }
  return <Image src={address} alt={alt} w={size} h={size} fit="contain" radius="sm" className="picture" loading="lazy" onError={() => setFailed(address)} />;
}
