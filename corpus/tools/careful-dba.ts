import { askPeer } from './peer.ts';
import { serve } from './serve.ts';

await serve(askPeer('five rules of a careful DBA'));
