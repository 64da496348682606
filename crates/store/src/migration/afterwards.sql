ALTER TABLE publication ADD COLUMN wish TEXT;
ALTER TABLE publication ADD COLUMN edited_at BIGINT;
ALTER TABLE publication ADD COLUMN removed_at BIGINT;

CREATE TABLE publication_look (
  publication_id {uuid} PRIMARY KEY REFERENCES publication (id) ON DELETE CASCADE,
  channel_id {uuid} NOT NULL,
  look_at BIGINT,
  looked_at BIGINT,
  said TEXT
);
CREATE INDEX publication_look_due ON publication_look (channel_id, look_at) WHERE look_at IS NOT NULL;

CREATE TABLE publication_metric (
  publication_id {uuid} NOT NULL REFERENCES publication (id) ON DELETE CASCADE,
  day TEXT NOT NULL,
  metric TEXT NOT NULL,
  value BIGINT NOT NULL,
  PRIMARY KEY (publication_id, day, metric)
);

CREATE TABLE channel_look (
  channel_id {uuid} PRIMARY KEY REFERENCES channel (id) ON DELETE CASCADE,
  looked_at BIGINT NOT NULL,
  said TEXT
);

CREATE TABLE channel_metric (
  channel_id {uuid} NOT NULL REFERENCES channel (id) ON DELETE CASCADE,
  metric TEXT NOT NULL,
  day TEXT NOT NULL,
  per TEXT NOT NULL,
  value BIGINT NOT NULL,
  PRIMARY KEY (channel_id, metric, day)
);

INSERT INTO publication_look (publication_id, channel_id, look_at)
SELECT id, channel_id, published_at FROM publication
WHERE state = 'published' AND remote IS NOT NULL AND published_at IS NOT NULL;
