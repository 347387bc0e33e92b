"""The advisor beside what a bureau could install instead, in one run: the same
texts, the same questions, asked in turn (A, B, C, A, B, C, …), so that what else
the machine does hits all of them alike. Prints ratios and medians, keeps every
single time in a CSV file.

    peers.py --advisor BIN --home DIR --data BEIR --model DIR --out CSV [--documents N] [--questions N] [--rounds N]

BEIR has corpus.jsonl and queries.jsonl. --model holds the teacher's two files; without it
the embedding peers are left out and the report says so.
"""
import argparse, csv, json, os, statistics, subprocess, sys, time, urllib.request

import bm25s, jieba, numpy, psycopg, rjieba, tantivy

jieba.setLogLevel(60)
K = 20


def words(text):
    return [w for w in jieba.cut_for_search(text) if w.strip() and w[0].isalnum()]


class Advisor:
    """The program itself, through HTTP, with what it says of its own parts."""

    def __init__(self, binary, home, texts):
        self.env = dict(os.environ, ADVISOR_HOME=home, ADVISOR_ADDR='127.0.0.1:0')
        self.binary = binary
        folder = os.path.join(home, 'texts')
        os.makedirs(folder, exist_ok=True)
        for i, (title, text) in enumerate(texts):
            with open(os.path.join(folder, '%06d.txt' % i), 'w') as f:
                f.write(title + '\n' + text + '\n')
        started = time.time()
        self.run('import', folder, '--json')
        self.seconds = time.time() - started
        self.doctor = json.loads(self.run('doctor', '--json'))
        key = self.run('user', 'key', 'admin', '--name', 'bench', '--json')
        self.key = json.loads(key)['key']
        self.server = subprocess.Popen([binary, 'serve'], env=self.env, stderr=subprocess.PIPE, text=True)
        for line in self.server.stderr:
            if 'http://' in line:
                self.url = 'http://' + line.split('http://')[1].split()[0]
                break
        self.parts = {}

    def run(self, *arguments):
        done = subprocess.run([self.binary, *arguments], env=self.env, capture_output=True, text=True)
        if done.returncode not in (0, 5):
            sys.exit('advisor %s: %s%s' % (' '.join(arguments), done.stdout, done.stderr))
        return done.stdout

    def ask(self, question, mode):
        body = json.dumps({'query': question, 'k': K, 'mode': mode}).encode()
        request = urllib.request.Request(self.url + '/api/v1/search', body,
                                         {'Authorization': 'Bearer ' + self.key, 'Content-Type': 'application/json'})
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def close(self):
        self.server.terminate()
        self.server.wait()


class Postgres:
    """tsvector with ts_rank in the advisor's own server, on jieba's words."""

    def __init__(self, doctor, texts):
        self.db = psycopg.connect(host=doctor['socket'], port=doctor['port'], dbname=doctor['database'],
                                  user=doctor['roles']['owner'], autocommit=True)
        self.db.execute('drop schema if exists bench cascade')
        self.db.execute('create schema bench')
        self.db.execute('create table bench.text (id int primary key, body tsvector)')
        with self.db.cursor().copy('copy bench.text (id, body) from stdin') as copy:
            for i, t in enumerate(texts):
                copy.write_row((i, ' '.join("'%s'" % w.replace("'", "''").replace('\\', '\\\\') for w in dict.fromkeys(words(' '.join(t))))))
        self.db.execute('create index on bench.text using gin (body)')
        self.db.execute('analyze bench.text')

    def ask(self, question):
        query = ' | '.join("'%s'" % w.replace("'", "''").replace('\\', '\\\\') for w in dict.fromkeys(words(question)))
        return self.db.execute('select id from bench.text, (select %s::tsquery q) q where body @@ q order by ts_rank(body, q) desc limit %s',
                               (query, K)).fetchall()

    def close(self):
        self.db.execute('drop schema bench cascade')


class Tantivy:
    def __init__(self, texts):
        schema = tantivy.SchemaBuilder()
        schema.add_text_field('body', stored=False, tokenizer_name='whitespace')
        schema.add_integer_field('id', stored=True)
        self.index = tantivy.Index(schema.build())
        writer = self.index.writer(100_000_000, 1)
        for i, t in enumerate(texts):
            writer.add_document(tantivy.Document(body=' '.join(words(' '.join(t))), id=i))
        writer.commit()
        writer.wait_merging_threads()
        self.index.reload()
        self.searcher = self.index.searcher()

    def prepare(self, question):
        term = lambda w: tantivy.Query.term_query(self.index.schema, 'body', w, 'freq')
        return tantivy.Query.boolean_query([(tantivy.Occur.Should, term(w)) for w in dict.fromkeys(words(question))])

    def ask(self, query):
        return self.searcher.search(query, K).hits


class Bm25s:
    def __init__(self, texts):
        self.model = bm25s.BM25()
        self.model.index([words(' '.join(t)) for t in texts], show_progress=False)
        self.k = min(K, len(texts))

    def ask(self, tokens):
        return self.model.retrieve([tokens], k=self.k, show_progress=False)


class Bge:
    """bge-small-zh-v1.5 through ONNX Runtime, one thread, as a program would use it."""

    def __init__(self, folder):
        import onnxruntime
        from tokenizers import Tokenizer
        files = {os.path.splitext(f)[1]: os.path.join(folder, f) for f in os.listdir(folder)}
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(files['.onnx'], options, providers=['CPUExecutionProvider'])
        self.tokenizer = Tokenizer.from_file(files['.json'])
        self.tokenizer.enable_truncation(512)
        self.tokenizer.enable_padding()

    def encode(self, texts):
        out = []
        for at in range(0, len(texts), 16):
            batch = self.tokenizer.encode_batch(texts[at:at + 16])
            ids = numpy.array([e.ids for e in batch])
            mask = numpy.array([e.attention_mask for e in batch])
            hidden = self.session.run(None, {'input_ids': ids, 'attention_mask': mask, 'token_type_ids': numpy.zeros_like(ids)})[0][:, 0]
            out.extend(hidden / numpy.linalg.norm(hidden, axis=1, keepdims=True))
        return out


class LangChain:
    """LangChain's PGVector pipeline with the same model, in the same server."""

    def __init__(self, doctor, texts, bge):
        from langchain_core.embeddings import Embeddings
        from langchain_postgres import PGEngine, PGVectorStore

        class Embedder(Embeddings):
            def embed_documents(self, texts): return [v.tolist() for v in bge.encode(texts)]
            def embed_query(self, text): return bge.encode([text])[0].tolist()

        engine = PGEngine.from_connection_string('postgresql+psycopg://%s@/%s?host=%s&port=%d' % (
            doctor['roles']['owner'], doctor['database'], doctor['socket'], doctor['port']))
        self.engine = engine
        engine.init_vectorstore_table('bench_langchain', 512, overwrite_existing=True)
        self.store = PGVectorStore.create_sync(engine, Embedder(), 'bench_langchain')
        started = time.time()
        self.store.add_texts([' '.join(t) for t in texts])
        self.seconds = time.time() - started

    def ask(self, question):
        return self.store.similarity_search(question, k=K)

    def close(self):
        self.engine.drop_table('bench_langchain')


def timed(times, name, do):
    started = time.perf_counter()
    result = do()
    times.setdefault(name, []).append((time.perf_counter() - started) * 1000)
    return result


def read(path, n):
    with open(path) as f:
        return [json.loads(line) for _, line in zip(range(n), f)]


def main():
    p = argparse.ArgumentParser()
    for name in ('advisor', 'home', 'data', 'out'):
        p.add_argument('--' + name, required=True)
    p.add_argument('--model', default='')
    p.add_argument('--documents', type=int, default=20000)
    p.add_argument('--dense', type=int, default=1000, help='documents for the peers that need minutes to embed')
    p.add_argument('--questions', type=int, default=60)
    p.add_argument('--rounds', type=int, default=3)
    a = p.parse_args()
    texts = [(d.get('title', ''), d['text']) for d in read(os.path.join(a.data, 'corpus.jsonl'), a.documents)]
    questions = [q['text'] for q in read(os.path.join(a.data, 'queries.jsonl'), a.questions)]
    print('documents %d, questions %d, rounds %d, load %.1f' % (len(texts), len(questions), a.rounds, os.getloadavg()[0]), flush=True)

    advisor = Advisor(a.advisor, a.home, texts)
    notes = {'import: advisor': '%.0f documents/s' % (len(texts) / advisor.seconds)}
    try:
        postgres, tan, bm = Postgres(advisor.doctor, texts), Tantivy(texts), Bm25s(texts)
        bge = chain = None
        if a.model:
            bge = Bge(a.model)
            chain = LangChain(advisor.doctor, texts[:a.dense], bge)
            notes['import: LangChain PGVector'] = '%.0f documents/s' % (a.dense / chain.seconds)
        sample = os.path.join(a.home, 'sample.txt')
        body = '\n'.join(' '.join(t) for t in texts)[:2_000_000]
        with open(sample, 'w') as f:
            f.write(body)
        megabytes = len(body.encode()) / 1e6
        times, speeds = {}, {}
        for round in range(a.rounds):
            for q in questions:
                r = timed(times, 'search: advisor, HTTP', lambda: advisor.ask(q, 'hybrid'))
                if 'timing' in r:
                    times.setdefault('lexical: advisor', []).append(r['timing']['lexical_ms'])
                    times.setdefault('vector: advisor', []).append(r['timing']['vector_ms'])
                timed(times, 'search: advisor, HTTP, words only', lambda: advisor.ask(q, 'lexical'))
                timed(times, 'lexical: ts_rank', lambda: postgres.ask(q))
                query, tokens = tan.prepare(q), words(q)
                timed(times, 'lexical: tantivy', lambda: tan.ask(query))
                timed(times, 'lexical: bm25s', lambda: bm.ask(tokens))
                if bge:
                    timed(times, 'embed a question: bge-small, ONNX Runtime', lambda: bge.encode([q]))
                    timed(times, 'search: LangChain PGVector (%d documents)' % a.dense, lambda: chain.ask(q))
            ours = json.loads(advisor.run('bench', 'cut', sample, '--json'))
            for name, value in (('words', ours['words_mb_s']), ('all terms', ours['terms_mb_s'])):
                speeds.setdefault('segment: advisor, ' + name, []).append(value)
            part = body[:200_000]
            started = time.perf_counter(); list(jieba.cut(part, HMM=False))
            speeds.setdefault('segment: jieba', []).append(len(part.encode()) / 1e6 / (time.perf_counter() - started))
            started = time.perf_counter(); rjieba.cut(body)
            speeds.setdefault('segment: rjieba', []).append(megabytes / (time.perf_counter() - started))
            notes['segmenter: load, heap'] = '%.0f ms, %.0f MB' % (ours['load_ms'], ours['heap_mb'])
        postgres.close()
        if chain:
            chain.close()
    finally:
        advisor.close()
    report(times, speeds, notes, a.out)


def report(times, speeds, notes, out):
    with open(out, 'w', newline='') as f:
        w = csv.writer(f)
        w.writerow(['what', 'n', 'value', 'unit'])
        for unit, table in (('ms', times), ('MB/s', speeds)):
            for name in sorted(table):
                for i, value in enumerate(table[name]):
                    w.writerow([name, i + 1, '%.4f' % value, unit])
    print('\n%-52s %10s %10s' % ('milliseconds', 'p50', 'p95'))
    for name in sorted(times):
        t = sorted(times[name])
        print('%-52s %10.2f %10.2f' % (name, t[len(t) // 2], t[int(len(t) * .95)]))
    print('\n%-52s %10s' % ('megabytes a second (median)', ''))
    for name in sorted(speeds):
        print('%-52s %10.1f' % (name, statistics.median(speeds[name])))
    print()
    for name in sorted(notes):
        print('%-52s %s' % (name, notes[name]))
    print('\nratios of medians (above 1: the advisor is faster)')
    p50 = {name: statistics.median(t) for name, t in times.items()}
    for peer in ('lexical: ts_rank', 'lexical: tantivy', 'lexical: bm25s'):
        print('%-52s %10.1f' % (peer, p50[peer] / max(p50.get('lexical: advisor', 0) or p50['search: advisor, HTTP, words only'], 1e-3)))
    for peer in [n for n in p50 if n.startswith('search: LangChain')]:
        print('%-52s %10.1f' % (peer, p50[peer] / p50['search: advisor, HTTP']))
    for peer in ('segment: jieba', 'segment: rjieba'):
        print('%-52s %10.1f' % (peer, statistics.median(speeds['segment: advisor, words']) / statistics.median(speeds[peer])))
    print('\nevery single time: ' + out)


main()
