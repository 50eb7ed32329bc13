import { askPeer } from './peer.ts';
import { serve } from './serve.ts';

await serve(askPeer('the runbook’s rules'));
