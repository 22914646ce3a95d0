/** What the git host knows of a repository, its files and its commits. */

export type Repository = {
  owner: string;
  name: string;
  description: string;
  private: boolean;
  defaultBranch: string;
  topics: string[];
  createdAt: string;
};

export type TreeEntry = { name: string; path: string; type: 'file' | 'dir' | 'symlink' | 'submodule'; sha: string; sizeBytes: number };
export type Commit = { sha: string; parents: string[]; author: string; email: string; at: string; subject: string; body: string };
